import { createHmac, hash } from "node:crypto";
import type { Send } from "../../crypto/wire/frame.ts";
import {
  frankingTag,
  transcriptHash,
  zeroHash,
  type EventHeader,
} from "../../crypto/wire/event.ts";
import type { TenantId, DeviceId } from "../../crypto/wire/ids.ts";
import { monthStartMs, type LoggedEvent } from "./event.ts";
import type { MonthMarker } from "./insert-events.ts";

/** The place of the next event. */
export interface NextPosition {
  readonly tenant: TenantId;
  readonly seq: number;
  readonly transcriptHash: Uint8Array;
  readonly receivedAtMs: number;
}

export const sha256 = (input: Uint8Array): Buffer => hash("sha256", input, "buffer");
const hmacSha256 = (key: Uint8Array, input: Uint8Array): Buffer =>
  createHmac("sha256", key).update(input).digest();

/**
 * Gives an admitted message the next place after `position`.
 * @param nowMs milliseconds since the Unix epoch
 */
export function numberMessage(
  position: NextPosition,
  senderDevice: DeviceId,
  send: Send,
  frankingKey: Uint8Array,
  nowMs: number,
): LoggedEvent {
  const { conversation, clientMessageId, epoch, keyId, ciphertext, commitment, packets } = send;
  // Built once and completed in place, because this runs for every message.
  const event = {
    tenant: position.tenant,
    conversation,
    seq: position.seq + 1,
    kind: "message" as const,
    senderDevice,
    epoch,
    keyId,
    clientMessageId,
    receivedAtMs: Math.max(nowMs, position.receivedAtMs),
    ciphertext,
    commitment,
    frankingTag: zeroHash,
    transcriptHash: zeroHash,
    packet: undefined,
    previousHash: position.transcriptHash,
    packets,
  };
  event.frankingTag = frankingTag(hmacSha256, frankingKey, event, commitment);
  event.transcriptHash = transcriptHash(
    sha256,
    position.transcriptHash,
    event,
    ciphertext,
    commitment,
  );
  return event;
}

/** Gives a membership event the next place after `position`. It has no commitment and no tag. */
export function numberControl(
  position: NextPosition,
  fields: Omit<EventHeader, "seq" | "receivedAtMs">,
  control: Uint8Array,
  nowMs: number,
): LoggedEvent {
  const header = {
    ...fields,
    seq: position.seq + 1,
    receivedAtMs: Math.max(nowMs, position.receivedAtMs),
  };
  return {
    ...header,
    tenant: position.tenant,
    ciphertext: control,
    commitment: zeroHash,
    frankingTag: zeroHash,
    transcriptHash: transcriptHash(sha256, position.transcriptHash, header, control, zeroHash),
    packet: undefined,
    previousHash: position.transcriptHash,
    packets: [],
  };
}

/** Returns the marker for an event that is the first of its conversation in a new month. */
export function markerFor(position: NextPosition, event: LoggedEvent): MonthMarker | undefined {
  const sameMonth = monthStartMs(position.receivedAtMs) === monthStartMs(event.receivedAtMs);
  if (position.seq === 0 || sameMonth) return undefined;
  return {
    conversation: event.conversation,
    seq: event.seq,
    receivedAtMs: position.receivedAtMs,
  };
}
