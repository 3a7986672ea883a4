import { int4Array, int8Array, uuidArray } from "../../db/binary-arrays.ts";
import { createBatchLoader } from "../../db/batch-loader.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Pool } from "../../db/pool.ts";
import { eventKinds, type EventKind } from "../../crypto/wire/frame.ts";
import { zeroHash } from "../../crypto/wire/event.ts";
import { uuidFromBytes, type Uuid } from "../../crypto/wire/uuid.ts";
import type { TenantId, DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import { keyIdOf } from "../../keys/at-rest/envelope.ts";
import type { ScopeKeys } from "../../keys/at-rest/scope-keys.ts";
import type { DeliverableEvent, ErasedEvent } from "../log/event.ts";
import { openedCiphertext, openedPacket } from "../log/stored-form.ts";

const kinds: ReadonlyMap<number, EventKind> = new Map(
  Object.entries(eventKinds).map(([kind, number]) => [number, kind as EventKind]),
);

/** Returns the event kind for the number in a row. */
const kindOf = (number: number): EventKind => kinds.get(number) ?? "message";

// Requests are numbered, so one statement answers many. The data of an event is looked up for each
// event, because a join of many would be planned as a scan.
const EVENTS = `
  select asked.number, e.*,
    (select p.bytes from packets p
      where p.conversation = e.conversation and p.device = asked.device and p.seq = e.seq
        and p.received_at_ms = e.received_at_ms) as packet,
    case when e.seq = asked.anchor then (
      select before.transcript_hash from events before
      where before.conversation = e.conversation and before.seq = e.seq - 1 and before.kind > 0)
    end as previous_hash
  from unnest($1::int4[], $2::uuid[], $3::uuid[], $4::int8[], $5::int8[], $6::int8[], $7::int4[])
    as asked (number, conversation, device, after, anchor, until, page)
  cross join lateral (
    select * from events
    where conversation = asked.conversation and seq > asked.after and seq <= asked.until and kind > 0
    order by seq limit asked.page) e
  order by asked.number, e.seq`;

/** A request for a device's next events of one conversation. */
export interface EventsRequest {
  readonly tenant: TenantId;
  readonly conversation: ConversationId;
  readonly device: DeviceId;
  /** The event after which to read. It is not returned itself. */
  readonly afterSeq: number;
  /** The last event wanted. It is at or before the last event that the device may currently see. */
  readonly untilSeq: number;
  /** The event that must carry the hash of the one before it. */
  readonly anchorSeq: number;
  readonly limit: number;
}

interface EventRow {
  /** The number of the request that it answers. */
  readonly number: number;
  readonly tenant: TenantId;
  readonly conversation: ConversationId;
  readonly seq: number;
  readonly kind: number;
  readonly sender_device: DeviceId;
  readonly epoch: number;
  readonly key_id: Uuid;
  readonly client_message_id: Uuid;
  readonly received_at_ms: number;
  readonly ciphertext: Buffer;
  readonly commitment: Buffer;
  readonly franking_tag: Buffer;
  readonly transcript_hash: Buffer;
  readonly packet: Buffer | null;
  readonly previous_hash: Buffer | null;
}

/** The number of rows that are read at once. It limits the memory of a page of large messages. */
const MAX_ROWS = 512;

const rowsOf = createBatchLoader<EventsRequest, EventRow[]>({
  async answer(pool, tenant, asked) {
    const { rows } = await inTransaction(pool, tenant, (client) =>
      client.query<EventRow>({
        name: "read-events",
        text: EVENTS,
        values: [
          int4Array(asked.map((_, number) => number)),
          uuidArray(asked.map(({ conversation }) => conversation)),
          uuidArray(asked.map(({ device }) => device)),
          int8Array(asked.map(({ afterSeq }) => afterSeq)),
          int8Array(asked.map(({ anchorSeq }) => anchorSeq)),
          int8Array(asked.map(({ untilSeq }) => untilSeq)),
          int4Array(asked.map(({ limit }) => limit)),
        ],
      }),
    );
    const answers = asked.map((): EventRow[] => []);
    for (const row of rows) answers[row.number]?.push(row);
    return answers;
  },
  weigh: ({ afterSeq, untilSeq, limit }) => Math.min(limit, Math.max(1, untilSeq - afterSeq)),
  most: MAX_ROWS,
});

/**
 * Returns the next events of one visible range, in order, each with the packet meant for the
 * device. Missing numbers belong to events that no longer exist. The anchor has no `previousHash`
 * if the event before it no longer exists.
 * @throws KeysError key_missing, seal_broken, kms_...
 */
export async function readEvents(
  pool: Pool,
  scopeKeys: ScopeKeys,
  request: EventsRequest,
): Promise<readonly (DeliverableEvent | ErasedEvent)[]> {
  const { tenant, device } = request;
  const rows = await rowsOf(pool, tenant, request);
  const keys = await scopeKeys.forReading(tenant, rows.flatMap(sealedOf).map(keyOf));
  return rows.map((row) => {
    const event = eventOf(row);
    if (!isMessage(row)) return { ...event, packet: packetFor(event) };
    const key = keys.get(keyOf(row.ciphertext))?.key;
    if (key === undefined) return { kind: "erased", seq: row.seq };
    const ciphertext = openedCiphertext(event, key, row.ciphertext);
    return { ...event, ciphertext, packet: packetFor(event) };
  });

  // Returns no packet if its key is destroyed. The event itself stays.
  function packetFor({ packet, ...event }: DeliverableEvent): Uint8Array | undefined {
    const key = packet && keys.get(keyOf(packet))?.key;
    return packet && key && openedPacket(event, device, key, packet);
  }
}

const isMessage = ({ kind }: EventRow): boolean => kind === eventKinds.message;
const keyOf = (sealed: Uint8Array): Uuid => uuidFromBytes(keyIdOf(sealed));

/** Returns the sealed parts of a row. */
const sealedOf = (row: EventRow): Uint8Array[] => [
  ...(isMessage(row) ? [row.ciphertext] : []),
  ...(row.packet === null ? [] : [row.packet]),
];

const eventOf = (row: EventRow): DeliverableEvent => ({
  tenant: row.tenant,
  conversation: row.conversation,
  seq: row.seq,
  kind: kindOf(row.kind),
  senderDevice: row.sender_device,
  epoch: row.epoch,
  keyId: row.key_id,
  clientMessageId: row.client_message_id,
  receivedAtMs: row.received_at_ms,
  ciphertext: row.ciphertext,
  commitment: row.commitment,
  frankingTag: row.franking_tag,
  transcriptHash: row.transcript_hash,
  packet: row.packet ?? undefined,
  previousHash: row.seq === 1 ? zeroHash : (row.previous_hash ?? undefined),
});
