import { zeroHash } from "../../crypto/wire/event.ts";
import {
  decodeControl,
  encodeControl,
  eventKinds,
  type Control,
  type Deliver,
  type Gap,
  type Member,
} from "../../crypto/wire/frame.ts";
import {
  bytes,
  choice,
  deviceId,
  fixed,
  flag,
  list,
  message,
  messageId,
  nested,
  optional,
  text,
  uint,
  userId,
  type MessageOf,
} from "../../crypto/wire/protobuf.ts";
import { nilId, type UserId, type ConversationId, type MessageId } from "../../crypto/wire/ids.ts";
import type { LastSeen } from "../../crypto/wire/payload.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { attachmentFields } from "../../crypto/wire/attachment.ts";
import { attachmentFromFields, restoredFields } from "../../crypto/wire/payload-body.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import type { Account } from "../device/account.ts";
import { aboutMessage, noteRevision, type About } from "./about.ts";
import { controlItem } from "./control-item.ts";
import { evidenceMessage } from "./evidence.ts";
import { historyKey, historyPrefix } from "./history-key.ts";
import type { EventProblemCode, LoggedItem, Revision } from "./items.ts";
import { mostMembers, storedMember, toStored } from "./stored-member.ts";

const problem = message({ code: [1, text(64)], user: [2, optional(userId)] });
const gap = message({ from: [1, uint()], reason: [2, text(64)] });
const record = message({
  kind: [1, choice({ ...eventKinds, gap: 31 })],
  senderDevice: [2, deviceId],
  /** The user whose device it is. */
  sender: [3, optional(userId)],
  clientMessageId: [4, messageId],
  epoch: [5, uint()],
  receivedAtMs: [6, uint()],
  transcriptHash: [7, fixed(32)],
  /** The decrypted content of a message. Absent if nothing was decrypted. */
  text: [8, optional(text(128 * 1024))],
  /** A report or a grant of the message discloses it together with the tag. */
  payload: [9, optional(bytes(128 * 1024))],
  frankingKey: [10, optional(fixed(32))],
  signature: [21, optional(fixed(64))],
  frankingTag: [11, fixed(32)],
  control: [12, optional(bytes(1024 * 1024))],
  problems: [13, list(nested(problem), 256)],
  /** The gap. Set only in the record of a gap, which is stored under its last event. */
  gap: [14, optional(nested(gap))],
  /** The decrypted content of a message that is an attachment. */
  attachment: [15, optional(nested(attachmentFields))],
  /** The device that was added or removed. */
  device: [17, optional(deviceId)],
  /** The user who granted the event, if this device was not a member then. */
  grantedBy: [16, optional(userId)],
  /** Set for a message which says that a device's store was restored from an older copy. */
  restored: [18, optional(nested(restoredFields))],
  /** Who came while this device saw no events, and was first listed by this event. */
  arrived: [19, list(nested(storedMember), mostMembers)],
  /** Who left while this device saw no events, and was first missing in this event's list. */
  departed: [22, list(nested(storedMember), mostMembers)],
  /** The earlier message that a correction, an edit or a deletion is about. */
  about: [23, optional(nested(aboutMessage))],
  /** Set on the devices of a records archiver. */
  evidence: [24, optional(nested(evidenceMessage))],
  /** True if the event made this device a member. */
  enters: [20, flag],
});

type Stored = MessageOf<typeof record>;

/** The stored record of one event. */
export interface HistoryRecord extends Omit<
  Stored,
  "control" | "problems" | "arrived" | "departed" | "evidence"
> {
  readonly evidence?: Stored["evidence"];
  readonly arrived: readonly Member[];
  readonly departed: readonly Member[];
  readonly control: Control | undefined;
  readonly problems: readonly Problem[];
}

/** The problems of a message whose key this device never got, or lost. */
const keyless: readonly EventProblemCode[] = ["no_key", "lost_in_rollback"];

/**
 * Returns whether a grant may show an event in place of what is known of it: a message that an earlier grant
 * did not show, or whose key this device does not have, and the end of a gap. Other events that this device
 * has seen itself are kept as it saw them.
 */
export const isReplaceable = ({ kind, grantedBy, payload, problems }: HistoryRecord): boolean =>
  kind === "gap" ||
  (kind === "message" &&
    payload === undefined &&
    (grantedBy !== undefined || problems.some(({ code }) => keyless.includes(code))));

export interface Problem {
  readonly code: EventProblemCode;
  /** The member whose account or device is concerned. */
  readonly user: UserId | undefined;
}

export function saveRecord(
  transaction: StoreTransaction,
  conversation: ConversationId,
  seq: number,
  value: HistoryRecord,
): void {
  noteRevision(transaction, conversation, seq, value);
  transaction.put(historyKey(conversation, seq), encodeEvent(value));
}

/** Encodes the stored record of an event. */
export function encodeEvent(value: HistoryRecord): Uint8Array {
  const control = value.control === undefined ? undefined : encodeControl(value.control);
  const problems = [...value.problems];
  const arrived = value.arrived.map(toStored);
  const departed = value.departed.map(toStored);
  return encodeRecord(record, {
    evidence: undefined,
    ...value,
    control,
    problems,
    arrived,
    departed,
  });
}

/** Stores that the events `from` to `to` are gone. */
export function saveGap(
  transaction: StoreTransaction,
  conversation: ConversationId,
  missing: Pick<Gap, "from" | "to" | "reason">,
): void {
  const { from, to, reason } = missing;
  saveRecord(transaction, conversation, to, {
    kind: "gap",
    senderDevice: nilId(),
    sender: undefined,
    clientMessageId: nilId<MessageId>(),
    epoch: 0,
    receivedAtMs: 0,
    transcriptHash: zeroHash,
    text: undefined,
    payload: undefined,
    frankingKey: undefined,
    signature: undefined,
    frankingTag: zeroHash,
    control: undefined,
    arrived: [],
    departed: [],
    enters: false,
    problems: [],
    gap: { from, reason },
    attachment: undefined,
    restored: undefined,
    about: undefined,
    device: undefined,
    grantedBy: undefined,
  });
}

/** What the relay says of an event beside its content. */
export type Place = Pick<HistoryRecord, "transcriptHash" | "frankingTag">;

/** Returns what this device recorded at `seq`, or undefined if it saw no such event. */
export async function placeAt(
  transaction: ReadTransaction,
  conversation: ConversationId,
  seq: number,
): Promise<Place | undefined> {
  const value = await transaction.get(historyKey(conversation, seq));
  if (value === undefined) return undefined;
  const { kind, transcriptHash, frankingTag } = decodeRecord(record, value);
  return kind === "gap" ? undefined : { transcriptHash, frankingTag };
}

/**
 * Returns the transcript hash that this device recorded at `seq`, or undefined if it saw no such
 * event.
 */
export async function hashAt(
  transaction: ReadTransaction,
  conversation: ConversationId,
  seq: number,
): Promise<Uint8Array | undefined> {
  return (await placeAt(transaction, conversation, seq))?.transcriptHash;
}

/**
 * Returns the time of the last event before `seq` that this device has, in milliseconds since the Unix epoch,
 * as the log has it. Gaps are skipped, because they have no time. Returns 0 if it has no such event.
 */
export async function timeBefore(
  transaction: ReadTransaction,
  conversation: ConversationId,
  seq: number,
): Promise<number> {
  for await (const [, { kind, receivedAtMs }] of readBack(transaction, conversation, seq - 1))
    if (kind !== "gap") return receivedAtMs;
  return 0;
}

/**
 * Returns the first event from `seq` on that this device has, with its transcript hash. Gaps are
 * skipped.
 */
export async function firstFrom(
  transaction: ReadTransaction,
  conversation: ConversationId,
  seq: number,
): Promise<readonly [seq: number, transcriptHash: Uint8Array] | undefined> {
  for (let after = seq - 1; ;) {
    const [next] = await readHistory(transaction, conversation, after, 1);
    if (next === undefined) return undefined;
    if (next[1].kind !== "gap") return [next[0], next[1].transcriptHash];
    after = next[0];
  }
}

/**
 * Returns whether one of the `count` events before `seq` is a message of this device with this id.
 */
export async function wasSaidBefore(
  transaction: ReadTransaction,
  { conversation, seq, senderDevice, clientMessageId }: SaidEvent,
  count: number,
): Promise<boolean> {
  const earlier = await readHistory(transaction, conversation, Math.max(0, seq - 1 - count), count);
  return earlier.some(
    ([at, value]) =>
      at < seq && value.senderDevice === senderDevice && value.clientMessageId === clientMessageId,
  );
}

type SaidEvent = Pick<Deliver, "conversation" | "seq" | "senderDevice" | "clientMessageId">;

/** Adds problems to an event that were found later. */
export async function addProblem(
  transaction: StoreTransaction,
  conversation: ConversationId,
  seq: number,
  noted: Problem,
): Promise<void> {
  const [known] = await readHistory(transaction, conversation, seq - 1, 1);
  if (known?.[0] !== seq) return;
  const value = known[1];
  saveRecord(transaction, conversation, seq, { ...value, problems: [...value.problems, noted] });
}

/** Returns the events after `after` in order, at most `limit`. */
export async function readHistory(
  transaction: ReadTransaction,
  conversation: ConversationId,
  after: number,
  limit: number,
): Promise<readonly (readonly [seq: number, HistoryRecord])[]> {
  const prefix = historyPrefix(conversation);
  const entries = await transaction.list(prefix, { after: historyKey(conversation, after), limit });
  return entries.map(([key, value]) => [Number(key.slice(prefix.length)), decodeEvent(value)]);
}

/** Decodes the stored record of an event. */
export function decodeEvent(value: Uint8Array): HistoryRecord {
  const stored = decodeRecord(record, value);
  const control = stored.control === undefined ? undefined : decodeControl(stored.control);
  return { ...stored, control, problems: stored.problems as readonly Problem[] };
}

const windowSize = 256;

/** Yields the events up to `seq`, the latest first. */
export async function* readBack(
  transaction: ReadTransaction,
  conversation: ConversationId,
  seq: number,
): AsyncGenerator<readonly [seq: number, HistoryRecord], void, undefined> {
  let width = windowSize;
  for (let to = seq; to > 0;) {
    const end = to;
    const after = Math.max(0, end - width);
    const found = await readHistory(transaction, conversation, after, windowSize);
    const page = found.filter(([at]) => at <= end);
    if (page.length === windowSize && width > windowSize) {
      width = windowSize;
      continue;
    }
    yield* page.toReversed();
    // A hole in the numbers may be of any size.
    if (page.length < windowSize / 4) width *= 4;
    to = after;
  }
}

/**
 * Returns the last event up to `seq` that this device saw (R29): not a gap, whose last event it did not
 * see. Returns seq 0 and zeros if it saw none.
 */
export async function lastSeenUpTo(
  transaction: ReadTransaction,
  conversation: ConversationId,
  seq: number,
): Promise<LastSeen> {
  for await (const [at, { kind, transcriptHash }] of readBack(transaction, conversation, seq))
    if (kind !== "gap") return { seq: at, transcriptHash };
  return { seq: 0, transcriptHash: zeroHash };
}

/** The account whose history it is. */
export type Self = Pick<Account, "tenant" | "device" | "user">;

/** What other events of the history say about a message. */
export interface Links {
  /** Set if the message does not count as the correction, edit or deletion that it says it is (R35, R36). */
  readonly refused?: EventProblemCode | undefined;
  /** The edits of the message and its deletion. */
  readonly revisions?: readonly Revision[];
}

/**
 * Returns the items that show an event: first who came and who left unseen before it, then what happened,
 * then its problems.
 */
export function itemsOf(
  seq: number,
  value: HistoryRecord,
  self: Self,
  { refused, revisions = [] }: Links = {},
): LoggedItem[] {
  const { kind, control, receivedAtMs, sender, senderDevice, clientMessageId } = value;
  if (kind === "gap") {
    const { from = seq, reason = "" } = value.gap ?? {};
    return [{ kind, seq, from, to: seq, reason }];
  }
  const items: LoggedItem[] = [];
  if (value.arrived.length > 0)
    items.push({ kind: "arrived_unseen", seq, members: value.arrived, receivedAtMs });
  if (value.departed.length > 0)
    items.push({ kind: "departed_unseen", seq, members: value.departed, receivedAtMs });
  if (kind !== "message") {
    const item = control === undefined ? undefined : controlItem(seq, kind, value, control);
    if (item !== undefined) items.push(item);
  } else if (sender !== undefined) {
    const said = {
      seq,
      id: clientMessageId,
      sender,
      senderDevice,
      own: senderDevice === self.device,
      mine: sender === self.user,
      receivedAtMs,
      ...(value.grantedBy !== undefined && { grantedBy: value.grantedBy }),
      ...(revisions.length > 0 && { revisions }),
    };
    const { about } = value;
    if (value.attachment !== undefined)
      items.push({
        kind: "attachment",
        ...said,
        attachment: attachmentFromFields(value.attachment),
      });
    else if (value.restored !== undefined)
      items.push({ kind: "device_restored", ...said, lost: value.restored.lost });
    else if (about?.as === "deletion" && refused === undefined)
      items.push({ kind: "message_deleted", ...said, deletes: about.seq });
    else if (value.text !== undefined && refused !== "revision_refused")
      items.push({ kind, ...said, text: value.text, ...(refused === undefined && linkTo(about)) });
  }
  const concerned = kind === "message" ? { message: clientMessageId, sender } : {};
  for (const { code, user } of value.problems)
    items.push({ kind: "problem", seq, code, user, ...concerned });
  if (refused !== undefined)
    items.push({ kind: "problem", seq, code: refused, user: undefined, ...concerned });
  return items;
}

/** Names the message that a text corrects or edits. */
const linkTo = (about: About | undefined) =>
  about && (about.as === "edit" ? { edits: about.seq } : { corrects: about.seq });
