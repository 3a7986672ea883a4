import type { Pool } from "../../db/pool.ts";
import { eventKinds, type EventKind } from "../../crypto/wire/frame.ts";
import { uuidFromBytes, type Uuid } from "../../crypto/wire/uuid.ts";
import { keyIdOf } from "../../keys/at-rest/envelope.ts";
import type { ScopeKeys } from "../../keys/at-rest/scope-keys.ts";
import type { DeliverableEvent, ErasedEvent } from "../log/event.ts";
import { openedCiphertext, openedPacket } from "../log/stored-form.ts";
import { decideRelay } from "../../policies/relay-access.ts";
import { MessagingError } from "../messaging-error.ts";
import { loadEventRows, type EventRow, type EventsRequest } from "./event-rows.ts";

/**
 * Returns the next events of one visible range, in order, each with the packet meant for the
 * device. Missing numbers belong to events that no longer exist.
 * @throws MessagingError processing_restricted; KeysError key_missing, seal_broken, kms_...
 */
export async function readEvents(
  pool: Pool,
  scopeKeys: ScopeKeys,
  request: EventsRequest,
): Promise<readonly (DeliverableEvent | ErasedEvent)[]> {
  const { tenant, device } = request;
  const rows = await loadEventRows(pool, tenant, request);
  for (const row of rows) assertMayOpen(request, row);
  const keys = await scopeKeys.forReading(tenant, rows.flatMap(sealedOf).map(keyOf));
  return rows.map((row) => {
    const event = eventOf(row);
    if (row.hidden && isMessage(row)) return { kind: "erased", seq: row.seq };
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

/** @throws MessagingError processing_restricted */
function assertMayOpen(
  { reader, tenant }: EventsRequest,
  { restrictedTo }: Pick<EventRow, "restrictedTo">,
): void {
  if (restrictedTo === null || reader === "subject") return;
  const facts = { tenant, isMember: false, wasMember: true, restrictedTo };
  const { allowed, reasons } = decideRelay(reader, "receive", facts);
  if (!allowed)
    throw new MessagingError(
      "processing_restricted",
      "The processing of this conversation is restricted. Its content is not read before the restriction ends.",
      { reasons },
    );
}

const kinds: ReadonlyMap<number, EventKind> = new Map(
  Object.entries(eventKinds).map(([kind, number]) => [number, kind as EventKind]),
);

/** Returns the event kind for the number in a row. */
const kindOf = (number: number): EventKind => kinds.get(number) ?? "message";

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
  previousHash: row.previous_hash,
});
