import type { Send } from "../../crypto/wire/frame.ts";
import { uuidv7TimeMs } from "../../crypto/wire/uuid.ts";
import {
  nilId,
  type TenantId,
  type UserId,
  type DeviceId,
  type MessageId,
} from "../../crypto/wire/ids.ts";
import { decideConversation, type ConversationActor } from "../../policies/abilities.ts";
import type { Policy } from "../../policies/policy.ts";
import type { SignInFacts } from "../../policies/sign-in-facts.ts";
import { decideAdmission, type Admission } from "../../policies/admission.ts";
import { monthStartMs, type LoggedEvent } from "./event.ts";
import { HeadDraft, type AcceptedMessage, type Author, type ConversationHead } from "./head.ts";
import type { MonthMarker } from "./insert-events.ts";
import { markerFor, numberMessage } from "./number-message.ts";
import type { QuotaDraft } from "../storage/message-quota.ts";

export interface PostRequest {
  readonly tenant: TenantId;
  readonly senderDevice: DeviceId;
  readonly send: Send;
  /** What is known of the sign-in of the session in which it is sent. */
  readonly signIn: SignInFacts;
}

export type PostOutcome =
  | { readonly accepted: true; readonly message: AcceptedMessage }
  | { readonly accepted: false; readonly refusal: Refusal; readonly head: ConversationHead };

export type Refusal = Extract<Admission, { admitted: false }>;

/** The outcome for one conversation's waiting messages, decided on one head. */
export interface Plan {
  readonly outcomes: readonly PostOutcome[];
  readonly events: readonly LoggedEvent[];
  readonly firstUses: readonly LoggedEvent[];
  readonly markers: readonly MonthMarker[];
  /** The head after `events` are stored. */
  readonly next: ConversationHead;
}

/**
 * Decides on messages and numbers them in order. It is pure: it stores nothing and does not change
 * `head`.
 * @param policy decides whether the senders may post
 * @param earlier messages among `requests` that are known to be in the log
 * @param quota counts the messages that the plan accepts
 * @param isErased whether the key for what that device's user writes now is destroyed
 */
export function planMessages(
  head: ConversationHead,
  policy: Policy,
  requests: readonly PostRequest[],
  earlier: readonly AcceptedMessage[],
  frankingKey: Uint8Array,
  nowMs: number,
  quota: QuotaDraft,
  isErased: (device: DeviceId) => boolean,
): Plan {
  const events: LoggedEvent[] = [];
  const firstUses: LoggedEvent[] = [];
  const markers: MonthMarker[] = [];
  const draft = new HeadDraft(head);
  const mayPost = postingIn(head, policy, nowMs);
  const outcomes = requests.map(({ senderDevice, send, signIn }): PostOutcome => {
    const { clientMessageId } = send;
    const before =
      draft.repeated(senderDevice, clientMessageId) ??
      earlier.find(
        (message) =>
          message.clientMessageId === clientMessageId && message.senderDevice === senderDevice,
      );
    if (before !== undefined && head.devices.has(senderDevice))
      return { accepted: true, message: before };
    const admission = decideAdmission(
      head,
      draft.key(send.keyId),
      {
        senderDevice,
        clientMessageId,
        epoch: send.epoch,
        ciphertextBytes: send.ciphertext.length,
        packetDevices: send.packets.map((packet) => packet.device),
        erased: isErased(senderDevice),
        mayPost: mayPost(senderDevice, signIn),
        sanction: head.authors.get(senderDevice)?.sanction,
      },
      nowMs,
    );
    if (!admission.admitted) return { accepted: false, refusal: admission, head };
    const retryAfterMs = quota.take(accountOf(head, senderDevice), sizeOf(send));
    if (retryAfterMs > 0) return { accepted: false, refusal: overQuota(retryAfterMs), head };
    const event = numberMessage(draft, senderDevice, send, frankingKey, nowMs);
    const marker = markerFor(draft, event);
    if (marker !== undefined) markers.push(marker);
    if (admission.newKey) firstUses.push(event);
    events.push(event);
    draft.append(event);
    return { accepted: true, message: event };
  });
  return { outcomes, events, firstUses, markers, next: draft.finish() };
}

/** Asks once for each member device whether its account may post: with its present role and membership. */
function postingIn(
  head: ConversationHead,
  policy: Policy,
  nowMs: number,
): (device: DeviceId, signIn: SignInFacts) => boolean {
  const current = Array.from(head.authors.values()).filter(
    ({ untilMs }) => untilMs === undefined || untilMs > nowMs,
  );
  const members = [...new Set(current.map(({ user }) => user))];
  const { tenant, state, subject: createdBy } = head;
  const facts = { tenant, state, createdBy, members };
  const decided = new Map<ConversationActor, boolean>();
  return (device, signIn) => {
    const author = head.authors.get(device);
    if (author === undefined) return false;
    const actor = actorOf(author, policy, signIn);
    const known = decided.get(actor);
    if (known !== undefined) return known;
    const { allowed } = decideConversation(actor, "post", facts);
    decided.set(actor, allowed);
    return allowed;
  };
}

/** The rules of an actor are kept as long as the actor is, so an author stays the same actor. */
const actors = new WeakMap<Author, ConversationActor>();

function actorOf(author: Author, policy: Policy, signIn: SignInFacts): ConversationActor {
  const known = actors.get(author);
  if (known?.policy === policy && known.signIn === signIn) return known;
  const made = { ...author, policy, signIn };
  actors.set(author, made);
  return made;
}

const overQuota = (retryAfterMs: number): Refusal => ({
  admitted: false,
  code: "quota_exceeded",
  missing: [],
  extra: [],
  stale: [],
  retryAfterMs,
});

/** Returns the account that a member device's messages are counted for. */
export const accountOf = (head: Pick<ConversationHead, "authors">, device: DeviceId): UserId =>
  head.authors.get(device)?.user ?? nilId();

/** Returns the number of bytes that a message adds to the log. */
export const sizeOf = ({ ciphertext, packets }: Pick<Send, "ciphertext" | "packets">): number =>
  packets.reduce((sum, packet) => sum + packet.bytes.length, ciphertext.length);

/** True for ids that may be in an earlier partition, where no unique key would reject them. */
export function mayStandInEarlierMonth(clientMessageId: MessageId, nowMs: number): boolean {
  const CLOCK_AHEAD_MS = 5 * 60_000;
  const madeAtMs = uuidv7TimeMs(clientMessageId) ?? 0;
  return madeAtMs < monthStartMs(nowMs) + CLOCK_AHEAD_MS;
}
