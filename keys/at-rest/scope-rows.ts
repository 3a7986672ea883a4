import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { byteaArray, int4Array, uuidArray } from "../../db/binary-arrays.ts";
import type { Client } from "../../db/pool.ts";
import type { Scope } from "./scope.ts";

/** A row of a scope key. `wrapped` is undefined if the key is destroyed. */
export interface ScopeRow extends Scope {
  readonly id: Uuid;
  readonly wrapped: Uint8Array | undefined;
}

interface StoredScope extends Scope {
  readonly id: Uuid;
  /** Null if the key is destroyed. */
  readonly wrapped: Buffer | null;
}

const COLUMNS = "s.id, s.subject, s.conversation, s.author, s.period, s.wrapped";

/** Finds the rows of `scopes` that exist, in the tenant's transaction. */
export async function findScopes(client: Client, scopes: readonly Scope[]): Promise<ScopeRow[]> {
  const { rows } = await client.query<StoredScope>(
    `select ${COLUMNS} from unnest($1::uuid[], $2::uuid[], $3::int4[]) as w (conversation, author, period)
     join scope_keys s using (conversation, author, period)`,
    [
      uuidArray(scopes.map(({ conversation }) => conversation)),
      uuidArray(scopes.map(({ author }) => author)),
      int4Array(scopes.map(({ period }) => period)),
    ],
  );
  return rows.map(rowOf);
}

/** Finds the rows with these ids that exist. */
export async function findScopesById(client: Client, ids: readonly Uuid[]): Promise<ScopeRow[]> {
  const { rows } = await client.query<StoredScope>(
    `select ${COLUMNS} from scope_keys s where s.id = any($1::uuid[])`,
    [uuidArray(ids)],
  );
  return rows.map(rowOf);
}

/** Adds the rows that do not exist yet. Leaves out those whose subject's key is destroyed. */
export async function insertScopes(
  client: Client,
  tenant: TenantId,
  made: readonly (ScopeRow & { readonly wrapped: Uint8Array })[],
  nowMs: number,
): Promise<void> {
  // A destruction of the subject's keys waits for this lock and then destroys these keys too.
  const { rows } = await client.query<{ subject: UserId }>(
    `select subject from subject_keys where subject = any($1::uuid[]) and wrapped is not null
     order by subject for share`,
    [uuidArray(made.map(({ subject }) => subject))],
  );
  const live = new Set(rows.map(({ subject }) => subject));
  // Every node inserts in the same order, because two inserts of the same scopes in different
  // orders would deadlock.
  const added = made
    .filter(({ subject }) => live.has(subject))
    .toSorted((a, b) => (a.conversation + a.author < b.conversation + b.author ? -1 : 1));
  await client.query(
    `insert into scope_keys (tenant, id, subject, conversation, author, period, wrapped, created_at_ms)
     select $1, *, $8 from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::int4[], $7::bytea[])
     on conflict do nothing`,
    [
      tenant,
      uuidArray(added.map(({ id }) => id)),
      uuidArray(added.map(({ subject }) => subject)),
      uuidArray(added.map(({ conversation }) => conversation)),
      uuidArray(added.map(({ author }) => author)),
      int4Array(added.map(({ period }) => period)),
      byteaArray(added.map(({ wrapped }) => wrapped)),
      nowMs,
    ],
  );
}

function rowOf(row: StoredScope): ScopeRow {
  return { ...row, wrapped: row.wrapped ?? undefined };
}
