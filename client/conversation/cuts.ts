import type { Member } from "../../crypto/wire/frame.ts";
import { list, message, nested, uint } from "../../crypto/wire/protobuf.ts";
import { parseId, type ConversationId } from "../../crypto/wire/ids.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import { mostMembers, storedMember, toStored } from "./stored-member.ts";

const prefix = "cuts!";
const cut = message({
  restore: [1, uint()],
  at: [2, uint()],
  backupOfMs: [3, uint()],
  messages: [4, uint()],
  returned: [5, list(nested(storedMember), mostMembers)],
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
  const stored = cuts.map((each) => ({ ...each, returned: each.returned.map(toStored) }));
  transaction.put(prefix + conversation, encodeRecord(record, { cuts: stored }));
}
