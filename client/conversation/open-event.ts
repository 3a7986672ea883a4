import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Deliver } from "../../crypto/wire/frame.ts";
import type { Author } from "../../crypto/device/authorship.ts";
import { openMessage } from "../../crypto/device/open-message.ts";
import { attachmentToFields, type Body } from "../../crypto/wire/payload-body.ts";
import type { KeyLogHead, LastSeen } from "../../crypto/wire/payload.ts";
import type { StoreTransaction } from "../../crypto/device/store.ts";
import type { Suite } from "../../crypto/device/suite.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import { takeUploadOf } from "../attachments/spool.ts";
import { codeOf } from "../errors.ts";
import { hashAt, wasSaidBefore, type HistoryRecord, type Problem } from "./history.ts";
import type { EventProblemCode } from "./items.ts";
import { isSameLog, refusalOf } from "./judge-message.ts";
import { bodyOf, deleteEntry, getEntry, wasSealedAs } from "./outbox.ts";
import type { ConversationState } from "./state.ts";

type Said = Pick<HistoryRecord, "text" | "attachment" | "restored" | "about">;
/** A message as the history stores it. */
export type Opened = Said &
  Pick<HistoryRecord, "payload" | "frankingKey" | "signature"> & {
    readonly problems: readonly Problem[];
  };

const saidNothing: Said = {
  text: undefined,
  attachment: undefined,
  restored: undefined,
  about: undefined,
};
const unfranked = { payload: undefined, frankingKey: undefined, signature: undefined };
const failed = (code: EventProblemCode): Opened => ({
  ...saidNothing,
  ...unfranked,
  problems: [{ code, user: undefined }],
});

/** What this device knows of a message that arrives, and of its sender. */
interface From {
  readonly state: ConversationState | undefined;
  /** The owner of the sending device by its certificate; undefined if there is none. */
  readonly author: Author | undefined;
  /**
   * Receives the head of the key log that a message carries.
   * @returns false if this device knows the log's key, and that key did not sign the head
   */
  readonly onHead: (head: KeyLogHead, sender: UserId) => Promise<boolean>;
  /** Receives the messages that the sending device says it could not open, if there are any. */
  readonly onUnopened: (seqs: readonly number[], sender: UserId) => Promise<void>;
  /** True if the store is an older copy and does not know of this event. */
  readonly unseen: boolean;
  /** The number of messages that a sending key may serve; undefined if it is not known. */
  readonly keyMaxMessages: number | undefined;
  /** The time that this device measures by itself. */
  readonly nowMs: number;
}

/**
 * Returns the decrypted message, or why it cannot be shown (R15 to R17). It throws only what the store
 * throws. No other device gives its message an id that waits here. So one that does not open and has such
 * an id is this device's own, shown under another device (R18).
 */
export async function openDelivered(
  transaction: StoreTransaction,
  suite: Suite,
  from: From,
  event: Deliver,
): Promise<Opened> {
  const opened = await openFrom(transaction, suite, from, event);
  if (opened.payload !== undefined) return opened;
  const entry = await getEntry(transaction, event.conversation, event.clientMessageId);
  return entry === undefined ? opened : failed("own_message_altered");
}

async function openFrom(
  transaction: StoreTransaction,
  suite: Suite,
  from: From,
  event: Deliver,
): Promise<Opened> {
  const { state, author, onHead, onUnopened, unseen, keyMaxMessages, nowMs } = from;
  const refused = refusalOf(state, author?.user, event);
  if (refused === "untrusted_sender") keepPacket(transaction, event);
  if (refused !== undefined || author === undefined) return failed(refused ?? "untrusted_sender");
  try {
    const message = { ...event, keyMaxMessages, nowMs };
    const opened = await openMessage(transaction, suite, message, author);
    const { body, lastSeen, keyLogHead, unopened, payload, frankingKey, signature } = opened;
    const isSame = await sawTheSame(transaction, event, lastSeen);
    if (unopened.length > 0 && isSame) await onUnopened(unopened, author.user);
    const problems: Problem[] = [];
    if (keyLogHead !== undefined && !(await onHead(keyLogHead, author.user)))
      problems.push({ code: "invalid_key_log_head", user: author.user });
    if (!isSame) problems.push({ code: "transcript_mismatch", user: undefined });
    return { ...saidIn(body), payload, frankingKey, signature, problems };
  } catch (error) {
    const code = problemOf(error);
    if (code === undefined) throw error;
    if (code === "untrusted_sender") keepPacket(transaction, event);
    const kept = code === "no_key" ? await takeKeptPacket(transaction, event) : undefined;
    if (kept === undefined) return failed(await causeOf(transaction, event, code, unseen));
    return openFrom(transaction, suite, from, { ...event, packet: kept });
  }
}

/**
 * The number of earlier events that are searched. A sending key serves 100 messages by default, but
 * a tenant may allow up to 10,000, and other events may stand between them.
 */
const lookedBack = 512;

/**
 * Returns the problem of a message that does not open (R16). It concerns the sender's device or this one.
 */
async function causeOf(
  transaction: StoreTransaction,
  event: Deliver,
  code: EventProblemCode,
  unseen: boolean,
): Promise<EventProblemCode> {
  if (code === "duplicate")
    return (await wasSaidBefore(transaction, event, lookedBack)) ? code : "key_reused";
  return unseen && (code === "no_key" || code === "undecryptable") ? "lost_in_rollback" : code;
}

// The packet arrives once, with a key's first message. If the user accepts the sender's account key
// later, the stored packet opens the key's further messages.
const packetName = ({ conversation, epoch, senderDevice, keyId }: Deliver): string =>
  `packet!${conversation}!${epoch}!${senderDevice}!${keyId}`;

function keepPacket(transaction: StoreTransaction, event: Deliver): void {
  if (event.packet !== undefined) transaction.put(packetName(event), event.packet);
}

async function takeKeptPacket(
  transaction: StoreTransaction,
  event: Deliver,
): Promise<Uint8Array | undefined> {
  const kept = await transaction.get(packetName(event));
  if (kept !== undefined) transaction.delete(packetName(event));
  return kept;
}

/**
 * Takes the text of an own message (R18) from the outbox and removes it there. Nothing is decrypted. The
 * message is shown only if the log holds it exactly as it was sealed: ciphertext, commitment, epoch and
 * key. Otherwise nobody else may be able to read it.
 * @param unseen true if the store is an older copy and does not know that the message was sent
 */
export async function takeOwn(
  transaction: StoreTransaction,
  event: Deliver,
  unseen: boolean,
): Promise<Opened> {
  const { conversation, clientMessageId } = event;
  const entry = await getEntry(transaction, conversation, clientMessageId);
  if (entry === undefined) {
    if (!unseen) return failed("unknown_own_message");
    const attachment = await takeUploadOf(transaction, conversation, clientMessageId);
    if (attachment === undefined) return failed("lost_in_rollback");
    const said = saidIn({ kind: "attachment", attachment });
    return { ...said, ...unfranked, problems: [] };
  }
  deleteEntry(transaction, conversation, clientMessageId);
  const said = saidIn(bodyOf(entry));
  // It was queued before the copy was made and sealed afterwards. An id stands for one text, but the copy
  // cannot tell whether the log holds it.
  if (unseen && entry.sealed.length === 0)
    return { ...said, ...unfranked, problems: failed("own_message_uncompared").problems };
  if (!wasSealedAs(entry, event)) return failed("own_message_altered");
  const franked = entry.franked.find((each) => equalBytes(each.commitment, event.commitment));
  const { payload, frankingKey, signature } = franked ?? unfranked;
  return { ...said, payload, frankingKey, signature, problems: [] };
}

export function saidIn(body: Body): Said {
  switch (body.kind) {
    case "text":
      return { ...saidNothing, text: body.text };
    case "attachment":
      return { ...saidNothing, attachment: attachmentToFields(body.attachment) };
    case "edit":
    case "correction":
      return { ...saidNothing, text: body.text, about: { ...body.target, as: body.kind } };
    case "deletion":
      return { ...saidNothing, about: { ...body.target, as: body.kind } };
    case "device_restored":
      return { ...saidNothing, restored: { lost: body.lost } };
  }
}

/** Returns whether this device has the event that the sender of a message saw last, as far as it can know. */
export async function sawTheSame(
  transaction: StoreTransaction,
  event: Deliver,
  lastSeen: LastSeen,
): Promise<boolean> {
  const recorded = await hashAt(transaction, event.conversation, lastSeen.seq);
  return isSameLog(event, lastSeen, recorded);
}

const suiteProblems: Readonly<Record<string, EventProblemCode>> = {
  no_key: "no_key",
  duplicate: "duplicate",
  undecryptable: "undecryptable",
  untrusted_identity: "untrusted_sender",
};
const deviceProblems: Readonly<Record<string, EventProblemCode>> = {
  malformed_plaintext: "malformed_plaintext",
  commitment_mismatch: "commitment_mismatch",
  context_mismatch: "context_mismatch",
  unsupported_payload: "unsupported_payload",
  invalid_signature: "invalid_signature",
};

function problemOf(error: unknown): EventProblemCode | undefined {
  const suiteCode = codeOf(error, "SuiteError");
  if (suiteCode !== undefined) return suiteProblems[suiteCode] ?? "undecryptable";
  return deviceProblems[codeOf(error, "DeviceError") ?? ""];
}
