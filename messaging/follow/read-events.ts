import { inTransaction } from "../../db/transaction.ts";
import type { Pool } from "../../db/pool.ts";
import { eventKinds, type EventKind } from "../../crypto/wire/frame.ts";
import { zeroHash } from "../../crypto/wire/event.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { DeliverableEvent } from "../log/event.ts";

const kinds: ReadonlyMap<number, EventKind> = new Map(
  Object.entries(eventKinds).map(([kind, number]) => [number, kind as EventKind]),
);

/** The kind that a row's number stands for. */
export const kindOf = (number: number): EventKind => kinds.get(number) ?? "message";

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
 */
export async function readEvents(
  pool: Pool,
  request: EventsRequest,
): Promise<readonly DeliverableEvent[]> {
  const { afterSeq, untilSeq, anchorSeq } = request;
  const { rows } = await inTransaction(pool, request.tenant, (client) =>
    client.query({
      name: "read-events",
      text: EVENTS,
      values: [request.conversation, request.device, afterSeq, anchorSeq, untilSeq, request.limit],
    }),
  );
  return rows.map((row) => ({
    tenant: row.tenant,
    conversation: row.conversation,
    seq: row.seq,
    kind: kindOf(row.kind),
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
  }));
}
