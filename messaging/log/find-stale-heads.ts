import type { Client } from "../../db/pool.ts";
import { int8Array, uuidArray } from "../../db/binary-arrays.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";

const BEHIND = `
  select known.conversation from unnest($1::uuid[], $2::int8[]) as known (conversation, seq)
  where exists (select from events e
    where e.conversation = known.conversation and e.seq > known.seq and e.kind > 0)`;

/** Returns which of these conversations have events after the one believed to be the last. */
export async function findStaleHeads(
  client: Client,
  heads: readonly (readonly [conversation: ConversationId, seq: number])[],
): Promise<ReadonlySet<ConversationId>> {
  const { rows } = await client.query<{ conversation: ConversationId }>(BEHIND, [
    uuidArray(heads.map(([conversation]) => conversation)),
    int8Array(heads.map(([, seq]) => seq)),
  ]);
  return new Set(rows.map(({ conversation }) => conversation));
}
