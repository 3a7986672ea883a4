import { conversationId, message, nested, uint, messageId } from "../../crypto/wire/protobuf.ts";
import {
  parseId,
  type ConversationId,
  type AttachmentId,
  type MessageId,
} from "../../crypto/wire/ids.ts";
import {
  attachmentFields,
  type Attachment,
  type SealedAttachment,
} from "../../crypto/wire/attachment.ts";
import { inChunks } from "../../crypto/device/attachments/in-chunks.ts";
import { attachmentFromFields, attachmentToFields } from "../../crypto/wire/payload-body.ts";
import type { DeviceStore, StoreTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";

/** The size of the blocks that are stored and uploaded. */
const blockBytes = 1024 * 1024;

const blockName = (id: AttachmentId, index: number): string =>
  `spool!${id}!${String(index).padStart(8, "0")}`;
const markPrefix = "spooled!";
const uploadPrefix = "upload!";
const uploadRecord = message({
  conversation: [1, conversationId],
  attachment: [2, nested(attachmentFields)],
  /** The number of bytes to upload. */
  stored: [3, uint()],
  message: [4, messageId],
  after: [5, uint()],
});

/** An attachment that is sealed and in the store. */
export interface SpooledUpload {
  readonly conversation: ConversationId;
  readonly attachment: Attachment;
  /** The number of bytes to upload. */
  readonly stored: number;
}

/** An upload whose message is not queued yet. */
export interface PendingUpload extends SpooledUpload {
  /** The id that its message will have. */
  readonly message: MessageId;
  /** The last event that the log had when the upload began. */
  readonly after: number;
}

/**
 * Seals `data` into the store in blocks. The data is sealed only once. A repeated upload sends
 * these same bytes, so no key ever seals two contents.
 * @returns the secrets that open it, and the number of stored bytes
 * @throws AttachmentError too_large; whatever `data` throws
 */
export async function spool(
  store: DeviceStore,
  id: AttachmentId,
  data: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<{ readonly sealed: SealedAttachment; readonly stored: number }> {
  await store.transact(async (transaction) => transaction.put(markPrefix + id, new Uint8Array(1)));
  // Loaded on use, because many pages never send a file.
  const { sealAttachment } = await import("../../crypto/device/attachments/seal-attachment.ts");
  const sealing = sealAttachment(id, data, limit);
  let sealed: SealedAttachment | undefined;
  async function* pieces() {
    sealed = yield* sealing;
  }
  let index = 0;
  let stored = 0;
  for await (const { bytes } of inChunks(pieces(), blockBytes)) {
    const name = blockName(id, index++);
    await store.transact(async (transaction) => transaction.put(name, bytes));
    stored += bytes.length;
  }
  if (sealed === undefined) throw new Error("the sealing has not ended");
  return { sealed, stored };
}

/** Returns the bytes from `offset` to the end of its block. */
export async function readSpool(
  store: DeviceStore,
  id: AttachmentId,
  offset: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const name = blockName(id, Math.floor(offset / blockBytes));
  const block = await store.read((transaction) => transaction.get(name));
  return Uint8Array.from(block ?? []).subarray(offset % blockBytes);
}

/** Removes the blocks that `spool` stored, or those that a crash left. It removes the mark last. */
export async function clearSpool(store: DeviceStore, id: AttachmentId): Promise<void> {
  let count = 0;
  const has = (index: number) =>
    store.read(async (transaction) => (await transaction.get(blockName(id, index))) !== undefined);
  while (await has(count)) count++;
  for (let index = count - 1; index >= 0; index--)
    await store.transact(async (transaction) => transaction.delete(blockName(id, index)));
  await store.transact(async (transaction) => transaction.delete(markPrefix + id));
}

export function putUpload(transaction: StoreTransaction, upload: PendingUpload): void {
  const record = { ...upload, attachment: attachmentToFields(upload.attachment) };
  transaction.put(uploadPrefix + upload.attachment.id, encodeRecord(uploadRecord, record));
}

/**
 * Removes from the store the upload that belongs to this message and returns its attachment.
 * Returns undefined if there is none.
 */
export async function takeUploadOf(
  transaction: StoreTransaction,
  conversation: ConversationId,
  said: MessageId,
): Promise<Attachment | undefined> {
  for (const [key, value] of await transaction.list(uploadPrefix)) {
    const upload = decodeRecord(uploadRecord, value);
    if (upload.conversation !== conversation || upload.message !== said) continue;
    transaction.delete(key);
    return attachmentFromFields(upload.attachment);
  }
  return undefined;
}

/** Returns whether the upload's message is not queued yet. */
export const isPending = (store: DeviceStore, { attachment }: PendingUpload): Promise<boolean> =>
  store.read(async (tx) => (await tx.get(uploadPrefix + attachment.id)) !== undefined);

export const deleteUpload = (transaction: StoreTransaction, id: AttachmentId): void =>
  transaction.delete(uploadPrefix + id);

/**
 * Returns the uploads that were in progress when the device last stopped. Removes the blocks of
 * uploads whose sealing had not ended.
 * @param kept ids of blocks in the store that do not belong to a message
 */
export async function loadUploads(
  store: DeviceStore,
  kept: ReadonlySet<AttachmentId>,
): Promise<readonly PendingUpload[]> {
  const { records, marks } = await store.read(async (transaction) => ({
    records: await transaction.list(uploadPrefix),
    marks: await transaction.list(markPrefix),
  }));
  const uploads = records.map(([, value]) => {
    const upload = decodeRecord(uploadRecord, value);
    return { ...upload, attachment: attachmentFromFields(upload.attachment) };
  });
  const pending = new Set(uploads.map(({ attachment }) => attachment.id));
  for (const [key] of marks) {
    const id = parseId<AttachmentId>(key.slice(markPrefix.length));
    if (!pending.has(id) && !kept.has(id)) await clearSpool(store, id);
  }
  return uploads;
}
