import { eventKinds, type EventKind } from "./frame.ts";
import { utf8 } from "./bytes.ts";
import { writeUuid, type Uuid } from "./uuid.ts";
import { nilId, type DeviceId, type ConversationId, type MessageId } from "./ids.ts";

/** SHA-256 of its input. The server passes node:crypto's, a device passes libsodium's. */
export type Sha256 = (input: Uint8Array) => Uint8Array;
/** HMAC-SHA-256. The key is the first argument. */
export type HmacSha256 = (key: Uint8Array, input: Uint8Array) => Uint8Array;

/** The id in a header field that does not apply. A control event, for example, has no key. */
export const nilUuid = nilId<Uuid>();
/** The hash before a conversation's first event, and the commitment of an event that has none. */
export const zeroHash: Uint8Array = new Uint8Array(32);

/** The fields that the relay fixed when it gave an event its place in the log. */
export interface EventHeader {
  readonly conversation: ConversationId;
  readonly seq: number;
  readonly kind: EventKind;
  readonly senderDevice: DeviceId;
  readonly epoch: number;
  readonly keyId: Uuid;
  readonly clientMessageId: MessageId;
  /** Milliseconds since the Unix epoch. */
  readonly receivedAtMs: number;
}

/** The fields that the relay's tag covers. */
export type TaggedHeader = Pick<
  EventHeader,
  "conversation" | "senderDevice" | "clientMessageId" | "epoch" | "receivedAtMs"
>;

/** Returns a fixed-width layout. Each encoding is written into the same memory, after the label. */
function layout(label: string, width: number) {
  const start = utf8(label);
  const bytes = new Uint8Array(start.length + width);
  bytes.set(start, 0);
  return { bytes, view: new DataView(bytes.buffer), start: start.length };
}
const transcript = layout("sealdesk/transcript/v1", 32 + 85 + 32 + 32);
const franking = layout("sealdesk/franking-tag/v1", 32 + 16 + 16 + 16 + 4 + 8);

/** Hashes are written without a length, so a hash of another length would change the layout. */
function require32(hash: Uint8Array): void {
  if (hash.length !== 32) throw new RangeError("A hash has 32 bytes.");
}

function writeUint64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, Math.floor(value / 2 ** 32));
  view.setUint32(offset + 4, value >>> 0);
}

/**
 * `SHA-256(label || previous || header || SHA-256(ciphertext) || commitment)`. Every field has a
 * fixed width, so the encoding is injective. The header is big-endian: conversation 16, seq 8, kind
 * 1, sender device 16, epoch 4, key id 16, client message id 16, received at 8. It does not cover
 * packets and the franking tag, because each device receives a packet of its own.
 * @throws RangeError when `previous` or `commitment` is not 32 bytes long
 */
export function transcriptHash(
  sha256: Sha256,
  previous: Uint8Array,
  header: EventHeader,
  ciphertext: Uint8Array,
  commitment: Uint8Array,
): Uint8Array {
  return linkHash(sha256, previous, header, sha256(ciphertext), commitment);
}

/**
 * Returns the `transcriptHash` of an event of whose ciphertext only the digest is known.
 * @throws RangeError when `previous`, `digest` or `commitment` is not 32 bytes long
 */
export function linkHash(
  sha256: Sha256,
  previous: Uint8Array,
  header: EventHeader,
  digest: Uint8Array,
  commitment: Uint8Array,
): Uint8Array {
  require32(previous);
  require32(digest);
  require32(commitment);
  const { bytes: input, view, start } = transcript;
  input.set(previous, start);
  const at = start + 32;
  writeUuid(header.conversation, input, at);
  writeUint64(view, at + 16, header.seq);
  view.setUint8(at + 24, eventKinds[header.kind]);
  writeUuid(header.senderDevice, input, at + 25);
  view.setUint32(at + 41, header.epoch);
  writeUuid(header.keyId, input, at + 45);
  writeUuid(header.clientMessageId, input, at + 61);
  writeUint64(view, at + 77, header.receivedAtMs);
  input.set(digest, at + 85);
  input.set(commitment, at + 117);
  return sha256(input);
}

/**
 * Returns the relay's tag on a message it accepted: `HMAC-SHA-256(relay key, label || commitment ||
 * conversation || sender device || client message id || epoch || received at)`. Symmetric franking
 * as in Grubbs, Lu, Ristenpart, "Message Franking via Committing Authenticated Encryption" (2017).
 * @throws RangeError when `commitment` has not 32 bytes
 */
export function frankingTag(
  hmac: HmacSha256,
  relayKey: Uint8Array,
  header: TaggedHeader,
  commitment: Uint8Array,
): Uint8Array {
  require32(commitment);
  const { bytes: input, view, start } = franking;
  input.set(commitment, start);
  writeUuid(header.conversation, input, start + 32);
  writeUuid(header.senderDevice, input, start + 48);
  writeUuid(header.clientMessageId, input, start + 64);
  view.setUint32(start + 80, header.epoch);
  writeUint64(view, start + 84, header.receivedAtMs);
  return hmac(relayKey, input);
}
