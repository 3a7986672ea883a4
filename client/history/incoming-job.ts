import { eventKinds } from "../../crypto/wire/frame.ts";
import {
  bytes,
  choice,
  conversationId,
  deviceId,
  fixed,
  flag,
  grantId,
  list,
  message,
  messageId,
  nested,
  optional,
  uint,
  userId,
  type MessageOf,
} from "../../crypto/wire/protobuf.ts";
import { maxPacks, type HistoryGrant } from "../../crypto/wire/receipt.ts";
import type { ConversationId, GrantId } from "../../crypto/wire/ids.ts";
import { attachmentFields } from "../../crypto/wire/attachment.ts";
import type { DeviceStore, ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { mostMembers, storedMember } from "../conversation/stored-member.ts";
import { decodeRecord, encodeRecord } from "../record.ts";

const prefix = "granted!";
/** A grant remembers this many removed devices. */
export const mostRemoved = 4096;

const record = message({
  grant: [1, grantId],
  conversation: [2, conversationId],
  /** The event that grants the history. */
  seq: [3, uint()],
  grantor: [4, userId],
  fromSeq: [5, uint()],
  toSeq: [6, uint()],
  fromHash: [7, fixed(32)],
  toHash: [8, fixed(32)],
  packs: [9, list(nested(attachmentFields), maxPacks)],
  /**
   * The position to which the log's links were followed back: the next event down, and its required
   * hash.
   */
  unlinked: [10, optional(nested(message({ seq: [1, uint()], hash: [2, fixed(32)] })))],
  /** Number of packs that were read completely. */
  packsRead: [11, uint()],
  /** The first event of the range that is not in the history yet. */
  next: [12, uint()],
  /** The members and the epoch before `next`, if the log shows them. */
  members: [
    13,
    optional(
      nested(
        message({ epoch: [1, uint()], members: [2, list(nested(storedMember), mostMembers)] }),
      ),
    ),
  ],
  /** The devices that a change of the range before `next` removed. They do not come back. */
  removed: [15, list(deviceId, mostRemoved)],
  /** True once the links were followed back as far as they are needed. */
  linked: [14, flag],
});

/** A grant to this device that is not completely in the history yet. */
export type IncomingJob = MessageOf<typeof record>;

/** Creates the job of a grant that has just arrived. */
export const incomingJob = (
  grant: HistoryGrant,
  seq: number,
  packs: IncomingJob["packs"],
): IncomingJob => ({
  grant: grant.id,
  conversation: grant.conversation,
  seq,
  grantor: grant.grantor,
  fromSeq: grant.fromSeq,
  toSeq: grant.toSeq,
  fromHash: grant.fromHash,
  toHash: grant.toHash,
  packs,
  unlinked: undefined,
  packsRead: 0,
  next: grant.fromSeq,
  members: undefined,
  removed: [],
  linked: false,
});

export const putIncoming = (transaction: StoreTransaction, job: IncomingJob): void =>
  transaction.put(prefix + job.grant, encodeRecord(record, job));

export const deleteIncoming = (transaction: StoreTransaction, grant: GrantId): void =>
  transaction.delete(prefix + grant);

export async function getIncoming(
  transaction: ReadTransaction,
  grant: GrantId,
): Promise<IncomingJob | undefined> {
  const value = await transaction.get(prefix + grant);
  return value === undefined ? undefined : decodeRecord(record, value);
}

/** Deletes the jobs of the grants that a conversation's log has after `seq`. */
export async function dropIncoming(
  transaction: StoreTransaction,
  conversation: ConversationId,
  seq: number,
): Promise<void> {
  for (const [, value] of await transaction.list(prefix)) {
    const job = decodeRecord(record, value);
    if (job.conversation === conversation && job.seq > seq) deleteIncoming(transaction, job.grant);
  }
}

/** Returns the jobs that were under way when the device last stopped. */
export async function loadIncoming(store: DeviceStore): Promise<readonly IncomingJob[]> {
  const entries = await store.read((transaction) => transaction.list(prefix));
  return entries.map(([, value]) => decodeRecord(record, value));
}

const link = message({
  kind: [1, choice(eventKinds)],
  senderDevice: [2, deviceId],
  epoch: [3, uint()],
  clientMessageId: [4, messageId],
  receivedAtMs: [5, uint()],
  commitment: [6, fixed(32)],
  frankingTag: [7, fixed(32)],
  transcriptHash: [8, fixed(32)],
  control: [9, optional(bytes(1024 * 1024))],
});

/** The log's statement about an event, verified against a hash that this device recorded itself. */
export type StoredLink = MessageOf<typeof link>;

const linkPrefix = (grant: GrantId): string => `link!${grant}!`;
const linkKey = (grant: GrantId, seq: number): string =>
  linkPrefix(grant) + String(seq).padStart(16, "0");

export const putLink = (
  transaction: StoreTransaction,
  grant: GrantId,
  seq: number,
  value: StoredLink,
): void => transaction.put(linkKey(grant, seq), encodeRecord(link, value));

export const deleteLink = (transaction: StoreTransaction, grant: GrantId, seq: number): void =>
  transaction.delete(linkKey(grant, seq));

export async function getLink(
  transaction: ReadTransaction,
  grant: GrantId,
  seq: number,
): Promise<StoredLink | undefined> {
  const value = await transaction.get(linkKey(grant, seq));
  return value === undefined ? undefined : decodeRecord(link, value);
}

const place = message({ seq: [1, uint()] });
const firstKey = (grant: GrantId, { senderDevice, clientMessageId }: MessageName): string =>
  `${linkPrefix(grant)}first!${senderDevice}!${clientMessageId}`;

/** The name of a message in the log. A device uses an id once. */
type MessageName = Pick<StoredLink, "senderDevice" | "clientMessageId">;

/** Notes the first place of a message, as far as the links were followed. */
export const putFirst = (
  transaction: StoreTransaction,
  grant: GrantId,
  name: MessageName,
  seq: number,
): void => transaction.put(firstKey(grant, name), encodeRecord(place, { seq }));

/** Returns the first place of a message; undefined if none was noted. */
export async function getFirst(
  transaction: ReadTransaction,
  grant: GrantId,
  name: MessageName,
): Promise<number | undefined> {
  const value = await transaction.get(firstKey(grant, name));
  return value === undefined ? undefined : decodeRecord(place, value).seq;
}

/**
 * Deletes a page of a grant's links, and of the first places of its messages.
 * @returns how many there were
 */
export async function clearLinks(
  transaction: StoreTransaction,
  grant: GrantId,
  limit: number,
): Promise<number> {
  const entries = await transaction.list(linkPrefix(grant), { limit });
  for (const [key] of entries) transaction.delete(key);
  return entries.length;
}
