import { inTransaction } from "../../db/transaction.ts";
import type { Pool } from "../../db/pool.ts";
import { eventKinds, type EventKind } from "../../crypto/wire/frame.ts";
import { zeroHash } from "../../crypto/wire/event.ts";
import { uuidFromBytes, type Uuid } from "../../crypto/wire/uuid.ts";
import { keyIdOf } from "../../keys/at-rest/envelope.ts";
import type { ScopeKeys } from "../../keys/at-rest/scope-keys.ts";
import type { DeliverableEvent, ErasedEvent } from "../log/event.ts";
import { openedCiphertext, openedPacket } from "../log/stored-form.ts";

const kindOf = new Map(
  Object.entries(eventKinds).map(([kind, number]) => [number, kind as EventKind]),
);

const EVENTS = `
  select e.*, p.bytes as packet,
    case when e.seq = $4 then (
      select before.transcript_hash from events before
      where before.conversation = e.conversation and before.seq = e.seq - 1 and before.kind > 0)
    end as previous_hash
  from events e
  left join packets p on p.conversation = e.conversation and p.seq = e.seq and p.device = $2
    and p.received_at_ms = e.received_at_ms
  where e.conversation = $1 and e.seq > $3 and e.seq <= $5 and e.kind > 0
  order by e.seq limit $6`;

/** A request for a device's next events of one conversation. */
export interface EventsRequest {
  readonly tenant: Uuid;
  readonly conversation: Uuid;
  readonly device: Uuid;
  /** Only events after this one. */
  readonly afterSeq: number;
  /** The last event wanted, which is the last one the device may see now, or before it. */
  readonly untilSeq: number;
  /** The event that is to say what hash the one before it had. */
  readonly anchorSeq: number;
  readonly limit: number;
}

/**
 * The next events of one visible range, in order; each with the packet meant for the device. Numbers
 * that are left out are of events that are not there any more. The anchor has no `previousHash` when
 * the event before it is not there.
 * @throws KeysError key_missing, seal_broken, kms_...
 */
export async function readEvents(
  pool: Pool,
  scopeKeys: ScopeKeys,
  request: EventsRequest,
): Promise<readonly (DeliverableEvent | ErasedEvent)[]> {
  const { afterSeq, untilSeq, anchorSeq, tenant, device } = request;
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query({
      name: "read-events",
      text: EVENTS,
      values: [request.conversation, device, afterSeq, anchorSeq, untilSeq, request.limit],
    }),
  );
  const keyOf = (row: { ciphertext: Uint8Array }) => uuidFromBytes(keyIdOf(row.ciphertext));
  const isMessage = (row: { kind: number }) => row.kind === eventKinds.message;
  const keys = await scopeKeys.forReading(tenant, rows.filter(isMessage).map(keyOf));
  return rows.map((row) => {
    const event = {
      tenant: row.tenant,
      conversation: row.conversation,
      seq: row.seq,
      kind: kindOf.get(row.kind) ?? "message",
      senderDevice: row.sender_device,
      epoch: row.epoch,
      keyId: row.key_id,
      clientMessageId: row.client_message_id,
      receivedAt: row.received_at_ms,
      ciphertext: row.ciphertext,
      commitment: row.commitment,
      frankingTag: row.franking_tag,
      transcriptHash: row.transcript_hash,
      packet: row.packet ?? undefined,
      previousHash: row.seq === 1 ? zeroHash : (row.previous_hash ?? undefined),
    };
    if (!isMessage(row)) return event;
    const key = keys.get(keyOf(row))?.key;
    if (key === undefined) return { kind: "erased", seq: row.seq };
    const { ciphertext, packet } = event;
    event.ciphertext = openedCiphertext(event, key, ciphertext);
    if (packet !== undefined) event.packet = openedPacket(event, device, key, packet);
    return event;
  });
}
