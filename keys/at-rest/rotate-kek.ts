import type { ActionOn } from "../../audit/actions.ts";
import { appendEntry, type AuditEntry } from "../../audit/append-entry.ts";
import { OPERATOR, type OperatorActor } from "../../audit/operator.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { byteaArray, int4Array, uuidArray } from "../../db/binary-arrays.ts";
import type { Client, Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { WrappedKey } from "../kms/kms.ts";
import { subjectContext } from "./associated.ts";
import { ensureKek } from "./ensure-kek.ts";
import { inBatches } from "./in-batches.ts";
import { kekOf, type KeystoreDeps } from "./keystore-deps.ts";

/** Counts subject keys that are not destroyed: those under the latest version, and all. */
export interface RewrapProgress {
  readonly done: number;
  readonly total: number;
}

interface RewrapOptions {
  readonly onProgress?: (progress: RewrapProgress) => void;
  /** Number of rows that are read from the keystore at a time. */
  readonly batch?: number;
  /** Number of concurrent requests to the key-management service. */
  readonly parallel?: number;
  /** The transaction on `data` that the audit entries belong to. Each has one of its own by default. */
  readonly auditIn?: Client;
}

/** The dependencies of work on a tenant's keystore that is recorded in the tenant's audit log. */
export interface RotateDeps extends KeystoreDeps {
  /** Pool of the tenants' database, which contains the audit log. */
  readonly data: Pool;
}

/**
 * Creates a new version of a tenant's key-encryption key. Keys that earlier versions wrapped can
 * still be opened. Call `rewrapSubjectKeys` to wrap them under the new version.
 * @returns the new version
 */
export async function rotateKek(
  deps: RotateDeps,
  tenant: TenantId,
  by: OperatorActor = OPERATOR,
): Promise<number> {
  const { kms } = deps;
  const kek = kekOf(tenant);
  // The service is not part of our transaction, so the request is recorded before it is made.
  await audit(deps, tenant, by, { action: "keys.rotate_kek_begin" });
  await ensureKek(deps, tenant);
  const version = await kms.rotate(kek);
  await audit(deps, tenant, by, { action: "keys.rotate_kek", details: { version } });
  return version;
}

async function audit<A extends ActionOn<"kek">>(
  { data, now }: RotateDeps,
  tenant: TenantId,
  by: string | OperatorActor,
  act: Pick<AuditEntry<A>, "action" | "details">,
  transaction?: Client,
): Promise<void> {
  const append = (client: Client) =>
    appendEntry(client, {
      ...act,
      occurredAtMs: now(),
      tenant,
      actor: typeof by === "string" ? { kind: "system", id: by } : by,
      resource: { type: "kek", id: kekOf(tenant) },
      outcome: "success",
    });
  await (transaction === undefined ? inTransaction(data, tenant, append) : append(transaction));
}

const COUNT = `
  select count(*) filter (where kek_version >= $1)::int as done, count(*)::int as total
  from subject_keys where wrapped is not null`;
const BEHIND = `
  select subject, kek_version, wrapped from subject_keys
  where wrapped is not null and kek_version < $1 order by kek_version, subject limit $2`;
// Skips keys that were rewrapped or destroyed in the meantime.
const REPLACE = `
  update subject_keys k set wrapped = made.wrapped, kek_version = made.version
  from unnest($1::uuid[], $2::int4[], $3::bytea[], $4::int4[]) as made (subject, before, wrapped, version)
  where k.subject = made.subject and k.kek_version = made.before and k.wrapped is not null
    and made.version > k.kek_version`;
const DESTROYED = `
  update keks set destroyed_before = $2 where tenant = $1 and destroyed_before < $2`;
// Every process locks in the same order. So two processes that rewrap the same keys wait for each
// other and do not deadlock.
const LOCK = "select from subject_keys where subject = any($1::uuid[]) order by subject for update";

interface CountRow {
  readonly done: number;
  readonly total: number;
}

interface BehindRow {
  readonly subject: UserId;
  readonly kek_version: number;
  readonly wrapped: Buffer;
}

interface Behind {
  readonly subject: UserId;
  readonly wrapped: WrappedKey;
}

/**
 * Wraps every subject key of the tenant under the latest version of its key-encryption key. Then
 * destroys the versions that no key uses any more. The server keeps working meanwhile. The rows
 * show the remaining work. So you can interrupt it, start it again, and run it several times at
 * once.
 */
export async function rewrapSubjectKeys(
  deps: RotateDeps,
  tenant: TenantId,
  { onProgress = () => undefined, batch = 200, parallel = 8, auditIn }: RewrapOptions = {},
): Promise<RewrapProgress> {
  const { pool, kms } = deps;
  const kek = kekOf(tenant);
  await ensureKek(deps, tenant);
  const latest = await kms.latestVersion(kek);
  for (;;) {
    const { rows } = await inTransaction(pool, tenant, (client) =>
      client.query<BehindRow>(BEHIND, [latest, batch]),
    );
    const behind = rows.map((row): Behind => ({
      subject: row.subject,
      wrapped: { version: row.kek_version, bytes: row.wrapped },
    }));
    if (behind.length > 0) await rewrapBatch(deps, tenant, behind, parallel);
    else if (await giveUpVersionsBefore(pool, tenant, latest)) break;
    onProgress(await countWrapped(pool, tenant, latest));
  }
  if (await hasVersionsBefore(pool, tenant, latest)) {
    // A server may be continuing the work, so the actor is not the operator.
    const details = { beforeVersion: latest };
    const by = "rewrap-subjects";
    const begin = { action: "keys.destroy_kek_versions_begin", details } as const;
    await audit(deps, tenant, by, begin, auditIn);
    await kms.destroy(kek, latest);
    await audit(deps, tenant, by, { action: "keys.destroy_kek_versions", details }, auditIn);
    await inTransaction(pool, tenant, (client) => client.query(DESTROYED, [tenant, latest]));
  }
  const progress = await countWrapped(pool, tenant, latest);
  onProgress(progress);
  return progress;
}

async function hasVersionsBefore(pool: Pool, tenant: TenantId, latest: number): Promise<boolean> {
  const { rowCount } = await inTransaction(pool, tenant, (client) =>
    client.query("select from keks where tenant = $1 and destroyed_before < $2", [tenant, latest]),
  );
  return rowCount === 1;
}

async function rewrapBatch(
  { pool, kms }: KeystoreDeps,
  tenant: TenantId,
  behind: readonly Behind[],
  parallel: number,
): Promise<void> {
  const rewrapped = await inBatches(behind, parallel, async ({ subject, wrapped }) => ({
    subject,
    before: wrapped.version,
    after: await kms.rewrap(kekOf(tenant), wrapped, subjectContext(tenant, subject)),
  }));
  await inTransaction(pool, tenant, async (client) => {
    const subjects = uuidArray(rewrapped.map(({ subject }) => subject));
    await client.query(LOCK, [subjects]);
    await client.query(REPLACE, [
      subjects,
      int4Array(rewrapped.map(({ before }) => before)),
      byteaArray(rewrapped.map(({ after }) => after.bytes)),
      int4Array(rewrapped.map(({ after }) => after.version)),
    ]);
  });
}

/**
 * Forbids storing keys under a version before `latest` from now on.
 * @returns false, and changes nothing, if such a key still exists
 */
function giveUpVersionsBefore(pool: Pool, tenant: TenantId, latest: number): Promise<boolean> {
  return inTransaction(pool, tenant, async (client) => {
    await client.query("insert into keks (tenant) values ($1) on conflict do nothing", [tenant]);
    // Waits for transactions that are storing a key. Later ones wait for this one.
    await client.query("select from keks where tenant = $1 for update", [tenant]);
    const left = await client.query(BEHIND, [latest, 1]);
    if (left.rowCount !== 0) return false;
    await client.query(
      "update keks set oldest_version = $2 where tenant = $1 and oldest_version < $2",
      [tenant, latest],
    );
    return true;
  });
}

async function countWrapped(pool: Pool, tenant: TenantId, latest: number): Promise<RewrapProgress> {
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query<CountRow>(COUNT, [latest]),
  );
  return { done: rows[0]?.done ?? 0, total: rows[0]?.total ?? 0 };
}
