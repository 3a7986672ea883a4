import type { Member } from "../../crypto/wire/frame.ts";
import { deviceId, list, message, nested, text, uint, userId } from "../../crypto/wire/protobuf.ts";
import { parseId, type ConversationId } from "../../crypto/wire/ids.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";

const prefix = "cuts!";
const returned = message({
  user: [1, userId],
  role: [2, text(64)],
  devices: [3, list(deviceId, 4096)],
});
const cut = message({
  restore: [1, uint()],
  at: [2, uint()],
  backupOfMs: [3, uint()],
  messages: [4, uint()],
  returned: [5, list(nested(returned), 4096)],
});
/** The largest number of cuts. No operator restores a server as often. */
const mostCuts = 1_000;
const record = message({ cuts: [1, list(nested(cut), mostCuts)] });

/** A place where the log was cut, because a restore of the server lost what came after it. */
export interface Cut {
  /** Number of the restore. */
  readonly restore: number;
  /** The last event that the server still had. */
  readonly at: number;
  /** The time of the backup, in milliseconds since the Unix epoch. */
  readonly backupOfMs: number;
  /** The number of messages that only this device has. */
  readonly messages: number;
  /** Members who had left, and who are members again, with those of their devices that are back. */
  readonly returned: readonly Member[];
}

/** Returns the cuts of every conversation that has any, each in the order in which they are shown. */
export async function loadCuts(
  transaction: ReadTransaction,
): Promise<ReadonlyMap<ConversationId, readonly Cut[]>> {
  const entries = await transaction.list(prefix);
  return new Map(
    entries.map(([key, value]) => [
      parseId<ConversationId>(key.slice(prefix.length)),
      decodeRecord(record, value).cuts,
    ]),
  );
}

/** Stores all cuts of a conversation. Call it when they changed. */
export function saveCuts(
  transaction: StoreTransaction,
  conversation: ConversationId,
  cuts: readonly Cut[],
): void {
  const plain = ({ devices, ...rest }: Member) => ({ ...rest, devices: [...devices] });
  const stored = cuts.map((each) => ({ ...each, returned: each.returned.map(plain) }));
  transaction.put(prefix + conversation, encodeRecord(record, { cuts: stored }));
}
