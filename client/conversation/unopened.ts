/**
 * Messages that a member's device could not open. It says so in its next message, so that a newcomer to
 * whom history is granted learns that nobody may have been able to read a message that is shown there.
 */
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { list, message, uint, userId } from "../../crypto/wire/protobuf.ts";
import type { ConversationId, DeviceId, UserId } from "../../crypto/wire/ids.ts";
import { mostUnopened } from "../../crypto/wire/payload.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import { seqDigits } from "./history-key.ts";
import { addProblem, isReplaceable, readHistory } from "./history.ts";

/** A device keeps this many of its own to tell. Further ones are not told. */
const mostKept = 256;
const own = message({ seqs: [1, list(uint(), mostKept)] });
const nameOf = (conversation: ConversationId): string => `unopened!${conversation}`;

async function read(
  transaction: ReadTransaction,
  conversation: ConversationId,
): Promise<readonly number[]> {
  const value = await transaction.get(nameOf(conversation));
  return value === undefined ? [] : decodeRecord(own, value).seqs;
}

/** Keeps those that `stays` returns true for. */
async function filter(
  transaction: StoreTransaction,
  conversation: ConversationId,
  stays: (seq: number) => boolean,
): Promise<void> {
  const before = await read(transaction, conversation);
  const seqs = before.filter(stays);
  if (seqs.length === before.length) return;
  if (seqs.length === 0) transaction.delete(nameOf(conversation));
  else transaction.put(nameOf(conversation), encodeRecord(own, { seqs }));
}

/** Notes that this device could not open the message `seq` of another device. */
export async function noteUnopened(
  transaction: StoreTransaction,
  conversation: ConversationId,
  seq: number,
): Promise<void> {
  const seqs = await read(transaction, conversation);
  if (seqs.length < mostKept)
    transaction.put(nameOf(conversation), encodeRecord(own, { seqs: [...seqs, seq] }));
}

/**
 * Returns what the next message tells: the earliest that the log holds no message about.
 * @param lastSeen the last event that the message names as seen
 */
export async function unopenedToTell(
  transaction: ReadTransaction,
  conversation: ConversationId,
  lastSeen: number,
): Promise<readonly number[]> {
  const seqs = await read(transaction, conversation);
  return seqs.filter((seq) => seq <= lastSeen).slice(0, mostUnopened);
}

/** Call it when the log holds an own message that tells them. */
export const toldUnopened = (
  transaction: StoreTransaction,
  conversation: ConversationId,
  told: readonly number[],
): Promise<void> => filter(transaction, conversation, (seq) => !told.includes(seq));

/** Forgets the messages after `at`, which a restore of the server lost. */
export const cutUnopened = (
  transaction: StoreTransaction,
  conversation: ConversationId,
  at: number,
): Promise<void> => filter(transaction, conversation, (seq) => seq <= at);

const said = message({ user: [1, userId] });
const saidPrefix = (conversation: ConversationId, seq: number): string =>
  `unopened-by!${conversation}!${seqDigits(seq)}!`;

/**
 * Marks granted messages that a member's device says it could not open. What it says of messages that may be
 * shown later is kept. Messages that this device received itself are not marked: it knows of them.
 * @returns the messages that are marked now
 */
export async function hearUnopened(
  transaction: StoreTransaction,
  conversation: ConversationId,
  { user, device }: { readonly user: UserId; readonly device: DeviceId },
  seqs: readonly number[],
): Promise<readonly number[]> {
  const marked: number[] = [];
  for (const seq of seqs) {
    const [found] = await readHistory(transaction, conversation, seq - 1, 1);
    const record = found?.[0] === seq ? found[1] : undefined;
    const mayBeShown = record === undefined || isReplaceable(record);
    if (mayBeShown)
      transaction.put(saidPrefix(conversation, seq) + device, encodeRecord(said, { user }));
    if (record?.payload === undefined || record.grantedBy === undefined) continue;
    const isNew = !record.problems.some((each) => each.code === "unopened" && each.user === user);
    if (!isNew || record.sender === user) continue;
    await addProblem(transaction, conversation, seq, { code: "unopened", user });
    marked.push(seq);
  }
  return marked;
}

/** Returns the members of whom a device has said that it could not open the message `seq`. */
export async function unopenedBy(
  transaction: StoreTransaction,
  conversation: ConversationId,
  seq: number,
): Promise<readonly UserId[]> {
  const entries = await transaction.list(saidPrefix(conversation, seq));
  for (const [key] of entries) transaction.delete(key);
  return [...new Set(entries.map(([, value]) => decodeRecord(said, value).user))];
}
