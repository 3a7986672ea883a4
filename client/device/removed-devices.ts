import type { ConversationId, DeviceId } from "../../crypto/wire/ids.ts";
import { message, uint } from "../../crypto/wire/protobuf.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { encodeRecord } from "../record.ts";

// The devices that were removed, as far as this device knows. Whatever the server answers and shows later,
// nothing is sealed for them any more.

/** `accepted` is 0 while only this device asked for the removal. */
export const removal = message({ accepted: [1, uint(1)] });

/** Returns the name of the record that a device was removed, or was to be. It stays for ever. */
export const removedDevice = (device: DeviceId): string => `removed-device!${device}`;

/** Returns the name of the record that an event removed a device from a conversation. */
const removedFrom = (conversation: ConversationId, device: DeviceId): string =>
  `removed-from!${conversation}!${device}`;

/** Records that devices were removed, because the key log shows it. */
export async function noteRemoved(
  transaction: StoreTransaction,
  devices: readonly DeviceId[],
): Promise<void> {
  const known = new Set(await removedAmong(transaction, devices));
  for (const device of devices)
    if (!known.has(device))
      transaction.put(removedDevice(device), encodeRecord(removal, { accepted: 1 }));
}

/** Returns those of the devices that were removed, or were to be. */
export async function removedAmong(
  transaction: Pick<ReadTransaction, "getMany">,
  devices: readonly DeviceId[],
): Promise<readonly DeviceId[]> {
  const records = await transaction.getMany(devices.map(removedDevice));
  return devices.filter((_, at) => records[at] !== undefined);
}

/**
 * Records that an event of a conversation removed a device. Nobody signs such an event, so it counts in that
 * conversation only.
 */
export const noteRemovedFrom = (
  transaction: StoreTransaction,
  conversation: ConversationId,
  device: DeviceId,
): void =>
  transaction.put(removedFrom(conversation, device), encodeRecord(removal, { accepted: 1 }));

/** Returns those of the devices that an event removed from the conversation. */
export async function removedFromAmong(
  transaction: Pick<ReadTransaction, "getMany">,
  conversation: ConversationId,
  devices: readonly DeviceId[],
): Promise<readonly DeviceId[]> {
  const records = await transaction.getMany(devices.map((each) => removedFrom(conversation, each)));
  return devices.filter((_, at) => records[at] !== undefined);
}
