import { fixed, message, deviceId, optional } from "../../crypto/wire/protobuf.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import type { EntryApproval } from "../../crypto/wire/key-entry.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";

const ownName = "client!approval";
const own = message({ device: [1, optional(deviceId)], signature: [2, fixed(64)] });
const givenName = (device: DeviceId): string => `approved!${device}`;

/** Stores the approval that this device registers with. */
export const saveOwnApproval = (transaction: StoreTransaction, approval: EntryApproval): void =>
  transaction.put(ownName, encodeRecord(own, approval));

/** Returns the approval of this device. Undefined if it has none yet, or needs another one. */
export async function loadOwnApproval(
  transaction: Pick<ReadTransaction, "get">,
): Promise<EntryApproval | undefined> {
  const record = await transaction.get(ownName);
  return record === undefined || record.length === 0 ? undefined : decodeRecord(own, record);
}

/**
 * Forgets the approval of this device, which the server refused: the device that gave it was removed
 * since. Another device of the account must approve this one.
 */
export const forgetRefused = (transaction: StoreTransaction): void =>
  transaction.put(ownName, new Uint8Array(0));

/** Returns whether this device needs another approval. */
export const wasRefused = async (transaction: Pick<ReadTransaction, "get">): Promise<boolean> =>
  (await transaction.get(ownName))?.length === 0;

/** Remembers that this device approves another one. Call it before the approval leaves the device. */
export const noteApproved = (transaction: StoreTransaction, device: DeviceId): void =>
  transaction.put(givenName(device), new Uint8Array(1));

/** Returns whether this device remembers that it approved the other one. */
export const hasApproved = async (
  transaction: Pick<ReadTransaction, "get">,
  device: DeviceId,
): Promise<boolean> => (await transaction.get(givenName(device))) !== undefined;
