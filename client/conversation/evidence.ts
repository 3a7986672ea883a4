import type { Deliver, EventKind } from "../../crypto/wire/frame.ts";
import { bytes, fixed, message, optional, uuid } from "../../crypto/wire/protobuf.ts";
import type { DeviceId, MessageId, UserId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import type { ConversationItem } from "./items.ts";

/** What the history of a records archiver keeps of each event beside what it shows. */
export const evidenceMessage = message({
  keyId: [1, uuid],
  digest: [2, fixed(32)],
  commitment: [3, fixed(32)],
  control: [4, optional(bytes(1024 * 1024))],
  previousHash: [5, fixed(32)],
});

export const evidenceOf = ({ kind, ciphertext, ...event }: Deliver) => ({
  keyId: event.keyId,
  commitment: event.commitment,
  previousHash: event.previousHash,
  digest: sha256(ciphertext),
  control: kind === "message" ? undefined : ciphertext,
});

/**
 * What proves an event: the fields that the transcript hash covers (`linkHash` in crypto/wire/event.ts), and what opens
 * the commitment of a message.
 */
export interface Evidence {
  readonly kind: EventKind;
  readonly senderDevice: DeviceId;
  readonly epoch: number;
  readonly keyId: Uuid;
  readonly clientMessageId: MessageId;
  /** Milliseconds since the Unix epoch, by the relay's clock. */
  readonly receivedAtMs: number;
  /** SHA-256 of the ciphertext, 32 bytes. */
  readonly digest: Uint8Array;
  readonly commitment: Uint8Array;
  /** The transcript hash of the event before, 32 bytes; zeros if it is the first. */
  readonly previousHash: Uint8Array;
  readonly transcriptHash: Uint8Array;
  readonly frankingTag: Uint8Array;
  /** The content of an event that is not a message (`decodeControl` in crypto/wire/frame.ts). */
  readonly control: Uint8Array | undefined;
  /** The user who sent it. */
  readonly sender: UserId | undefined;
  /** These three are undefined if the message did not open, or must not be shown. */
  readonly payload: Uint8Array | undefined;
  readonly frankingKey: Uint8Array | undefined;
  readonly signature: Uint8Array | undefined;
}

/** An event of a conversation with its evidence. */
export interface EvidencedEvent {
  readonly seq: number;
  /** What the event shows. */
  readonly items: readonly ConversationItem[];
  /** Undefined for gaps, problems of the log, and events before this device became a member. */
  readonly evidence: Evidence | undefined;
}
