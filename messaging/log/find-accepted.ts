import type { Client } from "../../db/pool.ts";
import { uuidArray } from "../../db/binary-arrays.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { AcceptedMessage } from "./head.ts";
import type { PostRequest } from "./plan-messages.ts";

const FIND = `
  select conversation, seq, sender_device, client_message_id, received_at_ms, franking_tag, transcript_hash
  from events
  where conversation = $1 and kind = 1 and received_at_ms >= $4
    and (sender_device, client_message_id) in (select * from unnest($2::uuid[], $3::uuid[]))`;

const MAX_AGE_MS = 31 * 86_400_000;

/**
 * Which of these messages the conversation's log holds already. Ids over 30 days old are never
 * admitted, so two partitions are all that need a look.
 */
export async function findAccepted(
  client: Client,
  conversation: Uuid,
  requests: readonly PostRequest[],
  now: number,
): Promise<AcceptedMessage[]> {
  const found = await client.query(FIND, [
    conversation,
    uuidArray(requests.map((request) => request.senderDevice)),
    uuidArray(requests.map((request) => request.send.clientMessageId)),
    now - MAX_AGE_MS,
  ]);
  return found.rows.map((row) => ({
    conversation: row.conversation,
    seq: row.seq,
    senderDevice: row.sender_device,
    clientMessageId: row.client_message_id,
    receivedAt: row.received_at_ms,
    frankingTag: row.franking_tag,
    transcriptHash: row.transcript_hash,
  }));
}
