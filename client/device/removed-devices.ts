import type { DeviceId } from "../../crypto/wire/ids.ts";
import { message, uint } from "../../crypto/wire/protobuf.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { encodeRecord } from "../record.ts";

// The devices that were removed, as far as this device knows. Whatever the server answers and shows later,
// nothing is sealed for them any more.

/** `accepted` is 0 while only this device asked for the removal. */
export const removal = message({ accepted: [1, uint(1)] });

/** Returns the name of the record that a device was removed, or was to be. It stays for ever. */
export const removedDevice = (device: DeviceId): string => `removed-device!${device}`;

/** Records that devices were removed, because the key log or an event of a conversation shows it. */
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
