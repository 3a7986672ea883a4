import { message, uint, type MessageOf } from "../../crypto/wire/protobuf.ts";
import { parseId, type DeviceId, type ConversationId } from "../../crypto/wire/ids.ts";
import type { DeviceStore, StoreTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";

const devicePrefix = "share!";
const sharePrefix = "sharing!";
const share = message({ toSeq: [1, uint()] });

const shareName = ({ device, conversation }: Pick<PendingShare, "device" | "conversation">) =>
  `${sharePrefix}${device}!${conversation}`;

/** A conversation whose past, up to `toSeq`, will be shared with a new device of the account. */
export interface PendingShare extends MessageOf<typeof share> {
  readonly device: DeviceId;
  readonly conversation: ConversationId;
}

/**
 * Remembers that the history will be shared with a device. Call it before the device can be in any
 * conversation.
 */
export const intendToShare = (transaction: StoreTransaction, device: DeviceId): void =>
  transaction.put(devicePrefix + device, new Uint8Array(1));

export const forgetToShare = (transaction: StoreTransaction, device: DeviceId): void =>
  transaction.delete(devicePrefix + device);

/**
 * Call it in the transaction of event `seq`, which added a device of your own account to the
 * conversation. Leaves a share in the store if the device is to receive the history.
 */
export async function noteArrival(
  transaction: StoreTransaction,
  { conversation, seq, device }: { conversation: ConversationId; seq: number; device: DeviceId },
): Promise<void> {
  if (seq === 1 || (await transaction.get(devicePrefix + device)) === undefined) return;
  transaction.put(shareName({ device, conversation }), encodeRecord(share, { toSeq: seq - 1 }));
}

export async function pendingShares(store: DeviceStore): Promise<readonly PendingShare[]> {
  const entries = await store.read((transaction) => transaction.list(sharePrefix));
  return entries.map(([key, value]) => {
    const [, device = "", conversation = ""] = key.split("!");
    return {
      device: parseId<DeviceId>(device),
      conversation: parseId<ConversationId>(conversation),
      ...decodeRecord(share, value),
    };
  });
}

export const deleteShare = (transaction: StoreTransaction, pending: PendingShare): void =>
  transaction.delete(shareName(pending));
