import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { appendEntry } from "../../audit/append-entry.ts";
import type { OperatorActor } from "../../audit/operator.ts";
import type { Pool } from "../../db/pool.ts";

/** A count that differs from the stored data, and the amount by which it is too low. */
export interface Drift {
  readonly kind: string;
  readonly owner: UserId;
  readonly items: number;
  readonly bytes: number;
}

// Rows and counts change in the same transactions. So in one snapshot they differ only by the drift.
// The count of an account's day is not compared, because it ends with the day.
const DRIFT = `
  select kind, owner, sum(items)::bigint as items, sum(bytes)::bigint as bytes from (
    select 'messages' as kind, $1::uuid as owner, count(*) filter (where kind > 0) as items,
      sum(length(ciphertext)) as bytes from events where tenant = $1
    union all select 'messages', $1, 0, sum(length(bytes)) from packets where tenant = $1
    union all select 'attachments', $1, count(*), sum(received) from attachments where tenant = $1
    union all select 'attachments_of_account', uploader, count(*), sum(size)
      from attachments where tenant = $1 group by uploader
    union all select 'attachments_of_conversation', conversation, count(*), sum(size)
      from attachments where tenant = $1 group by conversation
    union all select 'uploads_of_account', uploader, count(*), sum(size)
      from attachments where tenant = $1 and sha256 is null group by uploader
    union all select kind, owner, -items, -bytes
      from storage_usage where tenant = $1 and kind <> 'messages_of_account'
  ) as difference (kind, owner, items, bytes)
  group by kind, owner having coalesce(sum(items), 0) <> 0 or coalesce(sum(bytes), 0) <> 0`;

const MEND = `
  insert into storage_usage as known (tenant, kind, owner, items, bytes)
  select $1, * from unnest($2::text[], $3::uuid[], $4::bigint[], $5::bigint[])
    as drift (kind, owner, items, bytes)
  order by kind, owner
  on conflict (tenant, kind, owner, day, slot) do update
    set items = known.items + excluded.items, bytes = known.bytes + excluded.bytes`;

/**
 * Compares the counts of a tenant's storage with the stored data, and corrects them. It reads every
 * row, but stores and deletions go on meanwhile. Only one recount of a tenant runs at a time.
 * Corrections leave an audit entry.
 * @returns the corrections
 */
export async function recountStorage(
  pool: Pool,
  tenant: TenantId,
  { by, nowMs }: { readonly by: OperatorActor; readonly nowMs: number },
): Promise<readonly Drift[]> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query("select pg_advisory_lock(hashtextextended('recount ' || $1, 0))", [tenant]);
    await client.query("begin isolation level repeatable read");
    await client.query("select set_config('sealdesk.tenant', $1, true)", [tenant]);
    const { rows: drift } = await client.query<Drift>(DRIFT, [tenant]);
    await client.query("commit");
    if (drift.length === 0) return drift;
    await client.query("begin");
    await client.query("select set_config('sealdesk.tenant', $1, true)", [tenant]);
    await client.query(MEND, [
      tenant,
      drift.map(({ kind }) => kind),
      drift.map(({ owner }) => owner),
      drift.map(({ items }) => items),
      drift.map(({ bytes }) => bytes),
    ]);
    await appendEntry(client, {
      occurredAtMs: nowMs,
      tenant,
      actor: by,
      action: "tenant.recount_storage",
      resource: { type: "tenant", id: tenant },
      outcome: "success",
      details: { corrections: drift.length },
    });
    await client.query("commit");
    return drift;
  } catch (error) {
    broken = error as Error;
    throw error;
  } finally {
    // Closing the connection also gives the lock back.
    client.release(broken ?? true);
  }
}
