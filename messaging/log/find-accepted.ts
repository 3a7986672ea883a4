import type { Client } from "../../db/pool.ts";
import { uuidArray } from "../../db/binary-arrays.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { LoggedEvent } from "./event.ts";
import { messageKey } from "./head.ts";
import type { PostRequest } from "./plan-messages.ts";

const FIND = `
  select e.tenant, e.conversation, e.seq, e.sender_device, e.epoch, e.key_id, e.client_message_id,
    e.received_at_ms, e.commitment, e.franking_tag, e.transcript_hash
  from events e
  where e.conversation = $1 and e.kind = 1 and e.received_at_ms >= $4
    and (e.sender_device, e.client_message_id) in (select * from unnest($2::uuid[], $3::uuid[]))`;

const MAX_AGE_MS = 31 * 86_400_000;

/**
 * Which of these messages the conversation's log holds already, by `messageKey`. Ids over 30 days
 * old are never admitted, so two partitions are all that need a look.
 */
export async function findAccepted(
  client: Client,
  conversation: Uuid,
  requests: readonly PostRequest[],
  now: number,
): Promise<Map<string, LoggedEvent>> {
  const found = await client.query(FIND, [
    conversation,
    uuidArray(requests.map((request) => request.senderDevice)),
    uuidArray(requests.map((request) => request.send.clientMessageId)),
    now - MAX_AGE_MS,
  ]);
  return new Map(
    found.rows.map((row): [string, LoggedEvent] => [
      messageKey(row.sender_device, row.client_message_id),
      {
        tenant: row.tenant,
        conversation: row.conversation,
        seq: row.seq,
        kind: "message",
        senderDevice: row.sender_device,
        epoch: row.epoch,
        keyId: row.key_id,
        clientMessageId: row.client_message_id,
        receivedAt: row.received_at_ms,
        ciphertext: new Uint8Array(0), // an answer to a repeat does not carry it
        commitment: row.commitment,
        frankingTag: row.franking_tag,
        transcriptHash: row.transcript_hash,
        packets: [],
      },
    ]),
  );
}
