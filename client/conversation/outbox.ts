import type { Deliver, Send } from "../../crypto/wire/frame.ts";
import {
  bytes,
  deviceId,
  fixed,
  list,
  message,
  nested,
  optional,
  text,
  uint,
  uuid,
  type MessageOf,
} from "../../crypto/wire/protobuf.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import { parseId, type ConversationId, type MessageId } from "../../crypto/wire/ids.ts";
import { attachmentFields } from "../../crypto/wire/attachment.ts";
import { attachmentFromFields, restoredFields, type Body } from "../../crypto/wire/payload-body.ts";
import type { SealedMessage } from "../../crypto/device/seal-message.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import type { DeviceStore, ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import { aboutMessage } from "./about.ts";

const packet = message({ device: [1, deviceId], bytes: [2, bytes(8 * 1024)] });
const sealing = message({
  epoch: [1, uint()],
  keyId: [2, uuid],
  ciphertext: [3, bytes(128 * 1024)],
  commitment: [4, fixed(32)],
  packets: [5, list(nested(packet), 4096)],
});
const sealed = message({
  /** SHA-256 of the ciphertext. */
  digest: [1, fixed(32)],
  commitment: [2, fixed(32)],
  epoch: [3, uint()],
  keyId: [4, uuid],
});
const franked = message({
  commitment: [1, fixed(32)],
  payload: [2, bytes(128 * 1024)],
  frankingKey: [3, fixed(32)],
  signature: [4, fixed(64)],
});
/** A message is rarely sealed this often. If it is, only the last commitments are kept. */
const mostFranked = 8;
const record = message({
  text: [1, text(128 * 1024)],
  sealing: [2, optional(nested(sealing))],
  /** Every way in which this message was ever sealed. The log may hold any of them and nothing else. */
  sealed: [3, list(nested(sealed), 4096)],
  /** Set if the message is an attachment instead of a text. */
  attachment: [4, optional(nested(attachmentFields))],
  /** The commitments of the sealings. The history keeps the one that was accepted. */
  franked: [5, list(nested(franked), mostFranked)],
  /** Set if the message is a notice that this device's store was restored from an older copy. */
  restored: [6, optional(nested(restoredFields))],
  /** The last event that this device had seen when the message was queued. */
  after: [7, uint()],
  /** Set if the message is about an earlier one. */
  about: [8, optional(nested(aboutMessage))],
});

/** A sealed message. A repeated send uses the same bytes. */
export type Sealing = MessageOf<typeof sealing>;
/** The parts of a sealing that the log shows. */
export type SealedAs = MessageOf<typeof sealed>;
/** Returns the content of the entry. */
export function bodyOf({ text: said, attachment, restored, about }: OutboxEntry): Body {
  if (attachment !== undefined)
    return { kind: "attachment", attachment: attachmentFromFields(attachment) };
  if (restored !== undefined) return { kind: "device_restored", lost: restored.lost };
  if (about !== undefined) {
    const { as: kind, ...target } = about;
    return kind === "deletion" ? { kind, target } : { kind, target, text: said };
  }
  return { kind: "text", text: said };
}

/** A message that is not yet known to be in the log. */
export type OutboxEntry = MessageOf<typeof record>;

/**
 * Returns the entry of a queued message that was never sealed.
 * @param after the last event that this device had seen when the message was written
 */
export const unsealedEntry = (
  said: Partial<Pick<OutboxEntry, "text" | "attachment" | "restored" | "about">>,
  after: number,
): OutboxEntry => ({
  text: "",
  attachment: undefined,
  restored: undefined,
  about: undefined,
  ...said,
  sealing: undefined,
  sealed: [],
  franked: [],
  after,
});

/**
 * Returns whether somebody came unseen after the message was written (R28). Its author did not mean it for
 * them. A notice of the device itself is for everybody.
 */
export const isOvertaken = (
  { after, restored }: Pick<OutboxEntry, "after" | "restored">,
  arrivedAt: number,
): boolean => after < arrivedAt && restored === undefined;

const prefix = "outbox!";
const keyOf = (conversation: ConversationId, id: MessageId): string =>
  `${prefix}${conversation}!${id}`;

export const putEntry = (
  transaction: StoreTransaction,
  conversation: ConversationId,
  id: MessageId,
  entry: OutboxEntry,
): void => transaction.put(keyOf(conversation, id), encodeRecord(record, entry));

export const deleteEntry = (
  transaction: StoreTransaction,
  conversation: ConversationId,
  id: MessageId,
): void => transaction.delete(keyOf(conversation, id));

export async function getEntry(
  transaction: ReadTransaction,
  conversation: ConversationId,
  id: MessageId,
): Promise<OutboxEntry | undefined> {
  const value = await transaction.get(keyOf(conversation, id));
  return value === undefined ? undefined : decodeRecord(record, value);
}

/**
 * Returns whether this device sealed the message exactly as the log has it. Conversation, message id and
 * sending device are those under which the entry was found.
 */
export function wasSealedAs(
  entry: Pick<OutboxEntry, "sealed">,
  {
    ciphertext,
    commitment,
    epoch,
    keyId,
  }: Pick<Deliver, "ciphertext" | "commitment" | "epoch" | "keyId">,
): boolean {
  const digest = sha256(ciphertext);
  return entry.sealed.some(
    (each) =>
      each.epoch === epoch &&
      each.keyId === keyId &&
      equalBytes(each.digest, digest) &&
      equalBytes(each.commitment, commitment),
  );
}

/**
 * Forgets the sealings of all waiting messages. How they were sealed stays known, because a sealing may
 * already be in the log.
 */
export async function unsealAll(transaction: StoreTransaction): Promise<void> {
  for (const [key, value] of await transaction.list(prefix)) {
    const entry = decodeRecord(record, value);
    if (entry.sealing !== undefined)
      transaction.put(key, encodeRecord(record, { ...entry, sealing: undefined }));
  }
}

/**
 * Forgets the sealings of a conversation's waiting messages, as `unsealAll` does, and that they were
 * written after an event that the log does not have any more.
 * @param seq the last event of the log
 */
export async function unsealAfter(
  transaction: StoreTransaction,
  conversation: ConversationId,
  seq: number,
): Promise<void> {
  for (const [key, value] of await transaction.list(`${prefix}${conversation}!`)) {
    const entry = decodeRecord(record, value);
    const after = Math.min(entry.after, seq);
    transaction.put(key, encodeRecord(record, { ...entry, sealing: undefined, after }));
  }
}

/**
 * Returns the waiting messages by conversation, in the order in which they were queued. Their ids
 * are UUIDv7s.
 */
export async function loadOutbox(
  store: DeviceStore,
): Promise<ReadonlyMap<ConversationId, readonly (readonly [MessageId, OutboxEntry])[]>> {
  const entries = await store.read((transaction) => transaction.list(prefix));
  const byConversation = new Map<ConversationId, (readonly [MessageId, OutboxEntry])[]>();
  for (const [key, value] of entries) {
    const [, name = "", id = ""] = key.split("!");
    const conversation = parseId<ConversationId>(name);
    const waiting = byConversation.get(conversation) ?? [];
    waiting.push([parseId<MessageId>(id), decodeRecord(record, value)]);
    byConversation.set(conversation, waiting);
  }
  return byConversation;
}

/** Returns the entry with the sealing `made`, and with what the log and others may show of it. */
export const withSealing = (
  entry: OutboxEntry,
  made: Sealing,
  { payload, frankingKey, signature }: SealedMessage["franked"],
): OutboxEntry => ({
  ...entry,
  sealing: made,
  sealed: [...entry.sealed, sealedAs(made)],
  franked: [
    ...entry.franked.slice(1 - mostFranked),
    { commitment: made.commitment, payload, frankingKey, signature },
  ],
});

const sealedAs = ({ ciphertext, commitment, epoch, keyId }: Sealing): SealedAs => ({
  digest: sha256(ciphertext),
  commitment,
  epoch,
  keyId,
});

export const sendOf = (conversation: ConversationId, id: MessageId, made: Sealing): Send => ({
  conversation,
  clientMessageId: id,
  ...made,
});
