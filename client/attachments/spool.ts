import { message, nested, uint, uuid } from "../../crypto/wire/protobuf.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import {
  attachmentFields,
  type Attachment,
  type SealedAttachment,
} from "../../crypto/device/attachments/attachment.ts";
import { inChunks } from "../../crypto/device/attachments/in-chunks.ts";
import { attachmentFromFields, attachmentToFields } from "../../crypto/device/payload-body.ts";
import type { DeviceStore, StoreTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";

/** What is kept, and sent, at a time. */
const blockBytes = 1024 * 1024;

const blockName = (id: Uuid, index: number): string =>
  `spool!${id}!${String(index).padStart(8, "0")}`;
const markPrefix = "spooled!";
const uploadPrefix = "upload!";
const uploadRecord = message({
  conversation: [1, uuid],
  attachment: [2, nested(attachmentFields)],
  /** Bytes to upload. */
  stored: [3, uint()],
  message: [4, uuid],
});

/** An attachment that is sealed and in the store. */
export interface SpooledUpload {
  readonly conversation: Uuid;
  readonly attachment: Attachment;
  /** Bytes to upload. */
  readonly stored: number;
}

/** One whose message is not queued yet. */
export interface PendingUpload extends SpooledUpload {
  /** The id that its message is to have. */
  readonly message: Uuid;
}

/**
 * Seals `data` into the store, block after block. It is sealed once: what is sent again, after
 * whatever happened, is these bytes, and no key ever seals two contents.
 * @returns what opens it, and how many bytes it has become
 * @throws AttachmentError too_large; whatever `data` throws
 */
export async function spool(
  store: DeviceStore,
  id: Uuid,
  data: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<{ readonly sealed: SealedAttachment; readonly stored: number }> {
  await store.transact(async (transaction) => transaction.put(markPrefix + id, new Uint8Array(1)));
  // Loaded on use: many pages never send a file.
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

/** What is to be sent from `offset` on, up to the end of its block. */
export async function readSpool(
  store: DeviceStore,
  id: Uuid,
  offset: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const name = blockName(id, Math.floor(offset / blockBytes));
  const block = await store.read((transaction) => transaction.get(name));
  return Uint8Array.from(block ?? []).subarray(offset % blockBytes);
}

/** Removes what `spool` has stored; after a crash, what is left of it. The mark goes last. */
export async function clearSpool(store: DeviceStore, id: Uuid): Promise<void> {
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

/** Takes the upload out of the store whose message this is; undefined when there is none. */
export async function takeUploadOf(
  transaction: StoreTransaction,
  conversation: Uuid,
  said: Uuid,
): Promise<Attachment | undefined> {
  for (const [key, value] of await transaction.list(uploadPrefix)) {
    const upload = decodeRecord(uploadRecord, value);
    if (upload.conversation !== conversation || upload.message !== said) continue;
    transaction.delete(key);
    return attachmentFromFields(upload.attachment);
  }
  return undefined;
}

/** Whether the upload's message is still to be queued. */
export const isPending = (store: DeviceStore, { attachment }: PendingUpload): Promise<boolean> =>
  store.read(async (tx) => (await tx.get(uploadPrefix + attachment.id)) !== undefined);

export const deleteUpload = (transaction: StoreTransaction, id: Uuid): void =>
  transaction.delete(uploadPrefix + id);

/**
 * What was under way when the device last stopped; clears what was not even sealed.
 * @param kept what is in the store for another purpose than a message
 */
export async function loadUploads(
  store: DeviceStore,
  kept: ReadonlySet<Uuid>,
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
    const id = key.slice(markPrefix.length);
    if (!pending.has(id) && !kept.has(id)) await clearSpool(store, id);
  }
  return uploads;
}
