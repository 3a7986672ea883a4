import type { AttachmentId, GrantId } from "../../crypto/wire/ids.ts";
import {
  bytes,
  choice,
  consentId,
  conversationId,
  deviceId,
  fixed,
  grantId,
  list,
  message,
  nested,
  optional,
  uint,
  userId,
  type MessageOf,
} from "../../crypto/wire/protobuf.ts";
import { maxPacks, maxReceiptBytes } from "../../crypto/wire/receipt.ts";
import { attachmentFields } from "../../crypto/wire/attachment.ts";
import type { DeviceStore, StoreTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";

const prefix = "grant!";

const pack = message({
  attachment: [1, nested(attachmentFields)],
  /** Number of bytes to upload. */
  stored: [2, uint()],
  uploaded: [3, uint(1)],
});
const signed = message({
  text: [1, bytes(maxReceiptBytes)],
  signature: [2, fixed(64)],
  packets: [3, list(nested(message({ device: [1, deviceId], bytes: [2, bytes(8 * 1024)] })), 256)],
});
const record = message({
  id: [1, grantId],
  conversation: [2, conversationId],
  recipient: [3, userId],
  devices: [4, list(deviceId, 256)],
  fromSeq: [5, uint()],
  toSeq: [6, uint()],
  purpose: [7, choice({ hand_over: 1, second_opinion: 2, supervision: 3, own_device: 4 })],
  consent: [8, optional(consentId)],
  /** The first event that is in no pack yet. */
  next: [9, uint()],
  packs: [10, list(nested(pack), maxPacks)],
  /** The bytes to post. Every attempt posts the same ones. */
  signed: [11, optional(nested(signed))],
});

/** A grant that is not known to be in the log yet. */
export type OutgoingJob = MessageOf<typeof record>;

export const putJob = (transaction: StoreTransaction, job: OutgoingJob): void =>
  transaction.put(prefix + job.id, encodeRecord(record, job));

export const deleteJob = (transaction: StoreTransaction, id: GrantId): void =>
  transaction.delete(prefix + id);

/** Returns the jobs that were under way when the device last stopped. */
export async function loadJobs(store: DeviceStore): Promise<readonly OutgoingJob[]> {
  const entries = await store.read((transaction) => transaction.list(prefix));
  return entries.map(([, value]) => decodeRecord(record, value));
}

/** Ids of the packs that are in the store. */
export async function listStoredPacks(store: DeviceStore): Promise<ReadonlySet<AttachmentId>> {
  const jobs = await loadJobs(store);
  return new Set(jobs.flatMap(({ packs }) => packs.map(({ attachment }) => attachment.id)));
}
