import { inTransaction } from "../../db/transaction.ts";
import type { Pool } from "../../db/pool.ts";
import { int8Array, uuidArray } from "../../db/binary-arrays.ts";
import type { TenantId, ConversationId } from "../../crypto/wire/ids.ts";

// The limit on the time of receipt excludes all but the newest partitions.
const ADVANCED = `
  select known.conversation, last.seq
  from unnest($1::uuid[], $2::int8[]) as known (conversation, seq)
  cross join lateral (
    select max(e.seq) as seq from events e
    where e.conversation = known.conversation and e.seq > known.seq and e.kind > 0
      and e.received_at_ms >= $3) last
  where last.seq is not null`;

/** A conversation, and the number of its log's last event. */
interface AdvancedHead {
  readonly conversation: ConversationId;
  readonly seq: number;
}

/**
 * Returns which of these conversations have events after the known one, and how far their logs
 * reach.
 * @param sinceMs a time in milliseconds since the Unix epoch; no unknown event was received before
 *   it
 */
export async function findAdvancedHeads(
  pool: Pool,
  tenant: TenantId,
  known: readonly (readonly [conversation: ConversationId, seq: number])[],
  sinceMs: number,
): Promise<readonly AdvancedHead[]> {
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query<AdvancedHead>(ADVANCED, [
      uuidArray(known.map(([conversation]) => conversation)),
      int8Array(known.map(([, seq]) => seq)),
      sinceMs,
    ]),
  );
  return rows;
}
