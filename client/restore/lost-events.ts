import { fromUtf8, utf8 } from "../../crypto/wire/bytes.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { ReadTransaction, StoreEntry, StoreTransaction } from "../../crypto/device/store.ts";
import { historyPrefix, seqDigits } from "../conversation/history-key.ts";
import { decodeEvent, encodeEvent, type HistoryRecord } from "../conversation/history.ts";

// Returns the key prefix of the events that a restore lost. They keep their numbers. Further events
// get the same numbers, so the lost ones are stored apart.
const prefixOf = (conversation: ConversationId, restore: number): string =>
  `lost!${conversation}!${String(restore).padStart(9, "0")}!`;
const idOf = (conversation: ConversationId, { senderDevice, clientMessageId }: Said): string =>
  `lost-id!${conversation}!${senderDevice}!${clientMessageId}`;

type Said = Pick<HistoryRecord, "senderDevice" | "clientMessageId">;

/** Moves events out of the history. @param events entries of the history, with what they hold */
export function moveToLost(
  transaction: StoreTransaction,
  conversation: ConversationId,
  restore: number,
  events: readonly (readonly [StoreEntry, HistoryRecord])[],
): void {
  for (const [[key, value], record] of events) {
    const seq = key.slice(historyPrefix(conversation).length);
    const name = prefixOf(conversation, restore) + seq;
    transaction.put(name, value);
    transaction.delete(key);
    if (record.kind === "message") transaction.put(idOf(conversation, record), utf8(name));
  }
}

/** Returns the events after `after` that the restore lost, in order, at most `limit`. */
export async function readLost(
  transaction: ReadTransaction,
  conversation: ConversationId,
  { restore, after, limit }: { restore: number; after: number; limit: number },
): Promise<readonly (readonly [seq: number, HistoryRecord])[]> {
  const prefix = prefixOf(conversation, restore);
  const entries = await transaction.list(prefix, { after: prefix + seqDigits(after), limit });
  return entries.map(([key, value]) => [Number(key.slice(prefix.length)), decodeEvent(value)]);
}

/** Stores an event that a restore lost anew, in its place. */
export const saveLost = (
  transaction: StoreTransaction,
  conversation: ConversationId,
  restore: number,
  seq: number,
  value: HistoryRecord,
): void => transaction.put(prefixOf(conversation, restore) + seqDigits(seq), encodeEvent(value));

/** A message that a restore lost. */
export interface LostMessage {
  readonly restore: number;
  readonly record: HistoryRecord;
  /** Removes it. Call it when the message is in the log again. */
  readonly remove: () => void;
}

/** Returns the message of this device with this id, if a restore lost it. */
export async function findLost(
  transaction: StoreTransaction,
  conversation: ConversationId,
  said: Said,
): Promise<LostMessage | undefined> {
  const id = idOf(conversation, said);
  const name = await transaction.get(id);
  if (name === undefined) return undefined;
  const key = fromUtf8(name);
  const value = await transaction.get(key);
  if (value === undefined) return undefined;
  return {
    restore: Number(key.split("!")[2]),
    record: decodeEvent(value),
    remove() {
      transaction.delete(id);
      transaction.delete(key);
    },
  };
}
