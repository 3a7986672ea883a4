import type { Client } from "../../db/pool.ts";
import { uuidArray } from "../../db/binary-arrays.ts";
import type { DeviceId, ConversationId, MessageId } from "../../crypto/wire/ids.ts";
import type { AcceptedMessage } from "./head.ts";
import type { PostRequest } from "./plan-messages.ts";

const FIND = `
  select found.*
  from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as asked (conversation, device, id)
  cross join lateral (
    select conversation, seq, sender_device, client_message_id, received_at_ms, franking_tag, transcript_hash
    from events
    where conversation = asked.conversation and sender_device = asked.device
      and client_message_id = asked.id and kind = 1 and received_at_ms >= $4
    offset 0) found`;

interface AcceptedRow {
  readonly conversation: ConversationId;
  readonly seq: number;
  readonly sender_device: DeviceId;
  readonly client_message_id: MessageId;
  readonly received_at_ms: number;
  readonly franking_tag: Buffer;
  readonly transcript_hash: Buffer;
}

const MAX_AGE_MS = 31 * 86_400_000;

/**
 * Returns which of these messages are already in their conversations' logs. Ids over 30 days old
 * are never admitted, so it searches only two partitions.
 */
export async function findAccepted(
  client: Client,
  requests: readonly PostRequest[],
  nowMs: number,
): Promise<AcceptedMessage[]> {
  const { rows } = await client.query<AcceptedRow>(FIND, [
    uuidArray(requests.map((request) => request.send.conversation)),
    uuidArray(requests.map((request) => request.senderDevice)),
    uuidArray(requests.map((request) => request.send.clientMessageId)),
    nowMs - MAX_AGE_MS,
  ]);
  return rows.map((row) => ({
    conversation: row.conversation,
    seq: row.seq,
    senderDevice: row.sender_device,
    clientMessageId: row.client_message_id,
    receivedAtMs: row.received_at_ms,
    frankingTag: row.franking_tag,
    transcriptHash: row.transcript_hash,
  }));
}
