import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { byteaArray, int4Array, uuidArray } from "../../db/binary-arrays.ts";
import type { Client } from "../../db/pool.ts";
import type { WrappedKey } from "../kms/kms.ts";

/** A row of a subject key. `wrapped` is undefined if the key is destroyed. */
export interface SubjectRow {
  readonly subject: UserId;
  readonly wrapped: WrappedKey | undefined;
}

interface StoredSubject {
  readonly subject: UserId;
  readonly kek_version: number;
  /** Null if the key is destroyed. */
  readonly wrapped: Buffer | null;
}

/** Finds the rows of `subjects` that exist, in the tenant's transaction. */
export async function findSubjects(
  client: Client,
  subjects: readonly UserId[],
): Promise<SubjectRow[]> {
  const { rows } = await client.query<StoredSubject>(
    "select subject, wrapped, kek_version from subject_keys where subject = any($1::uuid[])",
    [uuidArray(subjects)],
  );
  return rows.map((row) => ({
    subject: row.subject,
    wrapped: row.wrapped === null ? undefined : { version: row.kek_version, bytes: row.wrapped },
  }));
}

/**
 * Adds subject keys. Skips subjects that have a key or had one.
 * @returns false, and adds nothing, if a wrapping version may no longer be used; wrap the keys
 *   again
 */
export async function insertSubjects(
  client: Client,
  tenant: TenantId,
  made: readonly { readonly subject: UserId; readonly wrapped: WrappedKey }[],
  nowMs: number,
): Promise<boolean> {
  const versions = made.map(({ wrapped }) => wrapped.version);
  await client.query("insert into keks (tenant) values ($1) on conflict do nothing", [tenant]);
  // The lock prevents any process from retiring the version until the commit.
  const { rowCount } = await client.query(
    "select from keks where tenant = $1 and oldest_version <= $2 for share",
    [tenant, Math.min(...versions)],
  );
  if (rowCount === 0) return false;
  await client.query(
    `insert into subject_keys (tenant, subject, kek_version, wrapped, created_at_ms)
     select $1, *, $5 from unnest($2::uuid[], $3::int4[], $4::bytea[]) on conflict do nothing`,
    [
      tenant,
      uuidArray(made.map(({ subject }) => subject)),
      int4Array(versions),
      byteaArray(made.map(({ wrapped }) => wrapped.bytes)),
      nowMs,
    ],
  );
  return true;
}
