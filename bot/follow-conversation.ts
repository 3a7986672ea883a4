import {
  SealdeskError,
  type Conversation,
  type ConversationId,
  type SealdeskErrorCode,
  type UserId,
} from "../client/index.ts";
import type { HandOvers } from "./bot-home.ts";
import type { BotConfig } from "./config.ts";
import { needsJudging, nextReply, type Judgement, type Reply } from "./next-reply.ts";
import { heard, newTalk, type HandOverReason, type Talk } from "./talk.ts";

/** How long the bot waits before it looks again, or tries again. */
const lookAgainMs = 100;
const tryAgainMs = 5_000;

export interface FollowDeps {
  readonly self: UserId;
  readonly config: Pick<BotConfig, "texts" | "limits" | "judge">;
  readonly handOvers: HandOvers;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** Waits. @throws when the bot stops */
  readonly wait: (ms: number) => Promise<void>;
  readonly onHandOver: (
    conversation: ConversationId,
    reason: HandOverReason,
    hasPerson: boolean,
  ) => void;
  /** A reply could not be sent. It is tried again. */
  readonly onHeld: (conversation: ConversationId, code: SealdeskErrorCode) => void;
}

/**
 * Talks in a conversation until it is closed or the signal aborts. What is owed follows from the log, and nothing is
 * decided while a message waits in the device's outbox. So a bot that was killed answers nothing twice.
 * @throws BotError home_damaged; SealdeskError: the connection has ended
 */
export async function followConversation(
  deps: FollowDeps,
  conversation: Conversation,
): Promise<void> {
  const { handOvers, self, signal } = deps;
  let talk = newTalk(await handOvers.read(conversation.id));
  for await (const event of conversation.evidence({ signal })) {
    talk = heard(talk, event, self);
    if (talk.seq >= conversation.seq) talk = await replyOnce(deps, conversation, talk);
    if (event.items.some(({ kind }) => kind === "closed")) return;
  }
}

/**
 * Sends the next reply, if one is owed. The message comes back as an event, which makes the next one due.
 * @returns the talk, with a decision to hand over that is stored
 */
async function replyOnce(deps: FollowDeps, conversation: Conversation, talk: Talk): Promise<Talk> {
  const { config, handOvers, wait } = deps;
  for (let now = talk; ;) {
    if (now.owed.length === 0 || conversation.state !== "open") return now;
    while (conversation.unsent > 0) await wait(lookAgainMs);
    const judge = needsJudging(now) ? await judgeFor(deps, conversation) : undefined;
    // What has happened meanwhile is taken in first: a person may have written, or the outbox has a reply.
    if (now.seq < conversation.seq) return now;
    const reply = nextReply(now, judge, config.limits, deps.now());
    if (reply === undefined) return now;
    if (reply.kind === "hand_over" && now.handedOver === undefined) {
      const { at, reason } = reply;
      await handOvers.write(conversation.id, { at, reason });
      now = { ...now, handedOver: { at, reason }, owed: now.owed.slice(0, 1) };
      deps.onHandOver(conversation.id, reason, hasPerson(now));
    }
    if (await isSent(deps, conversation, textOf(deps, now, reply))) return now;
    await wait(tryAgainMs);
  }
}

/** Sends a text. @returns false if it was not sent and may be tried again */
async function isSent(
  { onHeld }: FollowDeps,
  conversation: Conversation,
  text: string,
): Promise<boolean> {
  try {
    await conversation.send(text);
    return true;
  } catch (error) {
    if (!(error instanceof SealdeskError) || !notSent.has(error.code)) throw error;
    onHeld(conversation.id, error.code);
    return false;
  }
}

/** The message was not sent and will not be: see `Conversation.send`. */
const notSent: ReadonlySet<SealdeskErrorCode> = new Set<SealdeskErrorCode>([
  "not_a_member",
  "membership_unverified",
  "arrived_unseen",
  "conversation_closed",
  "stale_message_id",
  "untrusted_member",
  "send_refused",
  "subject_erased",
]);

/** Nobody proves that the customer lets programs look into the messages. */
const notAllowed: ReadonlySet<SealdeskErrorCode> = new Set<SealdeskErrorCode>([
  "consent_required",
  "consent_unverified",
  "consents_altered",
  "not_a_member",
  "network",
]);

/** Returns undefined without the customer's fresh consent to `moderation`: then a person must read the message. */
async function judgeFor(
  { config }: FollowDeps,
  conversation: Conversation,
): Promise<((text: string) => Judgement) | undefined> {
  try {
    await conversation.requireConsent("moderation");
    return config.judge;
  } catch (error) {
    if (!(error instanceof SealdeskError) || !notAllowed.has(error.code)) throw error;
    return undefined;
  }
}

function textOf({ config: { texts } }: FollowDeps, talk: Talk, reply: Reply): string {
  switch (reply.kind) {
    case "greeting":
      return texts.greeting;
    case "answer":
      return reply.text;
    case "hand_over": {
      const text = reply.reason === "urgent" ? texts.urgent : texts.handOver;
      return hasPerson(talk) ? text : `${text} ${texts.nobodyHere}`;
    }
  }
}

const hasPerson = ({ roles }: Talk): boolean =>
  [...roles.values()].some((role) => role === "agent" || role === "supervisor");
