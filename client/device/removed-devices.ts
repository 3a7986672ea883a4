import type { ConversationId, DeviceId } from "../../crypto/wire/ids.ts";
import { message, optional, uint } from "../../crypto/wire/protobuf.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import { loadRollback } from "../rollback/record.ts";

// The devices that were removed, as far as this device knows. Whatever the server answers and shows later,
// nothing is sealed for them any more.

/**
 * `accepted` is 0 while only this device asked for the removal. `readAfterHello` is the number of this device's last
 * hello when it read the removal in the key log; undefined if it has not.
 */
export const removal = message({
  accepted: [1, uint(1)],
  readAfterHello: [2, optional(uint())],
});

/** Returns the name of the record that a device was removed, or was to be. It stays for ever. */
export const removedDevice = (device: DeviceId): string => `removed-device!${device}`;

const removalFrom = message({ seq: [1, uint()] });
/** Returns the name of the record that an event removed a device from a conversation. */
const removedFrom = (conversation: ConversationId, device: DeviceId): string =>
  `removed-from!${conversation}!${device}`;

const caughtUp = message({ hello: [1, uint()] });
/** Returns the name of the record of the last hello after which a conversation caught up. */
const caughtUpIn = (conversation: ConversationId): string => `caught-up!${conversation}`;

/** Records that devices were removed, because the key log shows it. */
export async function noteRemoved(
  transaction: StoreTransaction,
  devices: readonly DeviceId[],
): Promise<void> {
  const known = await removalsOf(transaction, devices);
  const { generation } = await loadRollback(transaction);
  for (const [at, device] of devices.entries())
    if (known[at]?.readAfterHello === undefined)
      transaction.put(
        removedDevice(device),
        encodeRecord(removal, { accepted: 1, readAfterHello: generation }),
      );
}

/** Returns those of the devices that were removed, or were to be. */
export async function removedAmong(
  transaction: Pick<ReadTransaction, "getMany">,
  devices: readonly DeviceId[],
): Promise<readonly DeviceId[]> {
  const removals = await removalsOf(transaction, devices);
  return devices.filter((_, at) => removals[at] !== undefined);
}

async function removalsOf(
  transaction: Pick<ReadTransaction, "getMany">,
  devices: readonly DeviceId[],
) {
  const records = await transaction.getMany(devices.map(removedDevice));
  return records.map((record) => record && decodeRecord(removal, record));
}

/**
 * Records that this device has all events of a conversation that the relay had at a hello of it. What arrives there
 * later happened after the removals that this device had read in the key log before that hello. Another conversation
 * whose events the relay withholds does not matter.
 */
export const noteCaughtUp = (
  transaction: StoreTransaction,
  conversation: ConversationId,
  hello: number,
): void => transaction.put(caughtUpIn(conversation), encodeRecord(caughtUp, { hello }));

/**
 * Records that the event `seq` of a conversation removed a device. Nobody signs such an event, so it counts in that
 * conversation only. The first removal counts: a later one does not let the device speak in between.
 */
export async function noteRemovedFrom(
  transaction: StoreTransaction,
  conversation: ConversationId,
  device: DeviceId,
  seq: number,
): Promise<void> {
  const name = removedFrom(conversation, device);
  const known = await transaction.get(name);
  if (known !== undefined && decodeRecord(removalFrom, known).seq <= seq) return;
  transaction.put(name, encodeRecord(removalFrom, { seq }));
}

/** Returns those of the devices that an event before `seq` removed from the conversation. */
export async function removedFromAmong(
  transaction: Pick<ReadTransaction, "getMany">,
  conversation: ConversationId,
  devices: readonly DeviceId[],
  seq = Number.POSITIVE_INFINITY,
): Promise<readonly DeviceId[]> {
  const records = await transaction.getMany(devices.map((each) => removedFrom(conversation, each)));
  return devices.filter((_, at) => {
    const record = records[at];
    return record !== undefined && decodeRecord(removalFrom, record).seq < seq;
  });
}

/**
 * Returns those of the devices that say and do nothing more in a conversation: those that an event removed from it,
 * and those whose removal from the account this device had read in the key log before the conversation caught up (R13 to
 * R15). What
 * arrives before that may have happened before the removal.
 */
export async function silencedAmong(
  transaction: Pick<ReadTransaction, "get" | "getMany">,
  conversation: ConversationId,
  devices: readonly DeviceId[],
): Promise<readonly DeviceId[]> {
  const removed = await removedFromAmong(transaction, conversation, devices);
  const removals = await removalsOf(transaction, devices);
  const record = await transaction.get(caughtUpIn(conversation));
  const { hello } = record === undefined ? { hello: 0 } : decodeRecord(caughtUp, record);
  return devices.filter((device, at) =>
    isSilenced({ isRemovedHere: removed.includes(device), ...removals[at] }, hello),
  );
}

/**
 * Returns whether a device says and does nothing more in a conversation.
 * @param known whether an event removed it from the conversation, and the number of the last hello when this device
 *   read its removal in the key log
 * @param caughtUpHello the number of the last hello after which the conversation caught up, or 0
 */
export const isSilenced = (
  known: { readonly isRemovedHere: boolean; readonly readAfterHello?: number | undefined },
  caughtUpHello: number,
): boolean => known.isRemovedHere || (known.readAfterHello ?? caughtUpHello) < caughtUpHello;
