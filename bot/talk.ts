import type { ConversationItem, ProblemCode, UserId } from "../client/index.ts";

/** Why the bot hands a conversation over to a person. */
export const handOverReasons = [
  "urgent",
  "unsure",
  "unreadable",
  "not_allowed",
  "too_many",
] as const;
export type HandOverReason = (typeof handOverReasons)[number];

/** The reply to the event `at` hands the conversation over to a person. */
export interface HandOver {
  readonly at: number;
  readonly reason: HandOverReason;
}

/** What the bot owes a reply to. A greeting is owed to the customer when the bot becomes a member. */
export type Owed =
  | { readonly kind: "greeting"; readonly seq: number }
  | { readonly kind: "text"; readonly seq: number; readonly text: string }
  /** A file, a message that this device could not open, or events that are gone. */
  | { readonly kind: "unreadable"; readonly seq: number };

/**
 * What the bot knows of a conversation. It is computed from the log alone, so a bot that was killed computes the same.
 * Each message of the bot replies to the oldest thing that is owed.
 */
export interface Talk {
  /** The last event that was taken in. */
  readonly seq: number;
  readonly roles: ReadonlyMap<UserId, string>;
  readonly isMember: boolean;
  readonly owed: readonly Owed[];
  /** When the bot's last messages were received, oldest first, in milliseconds since the Unix epoch. */
  readonly repliedAtMs: readonly number[];
  readonly replies: number;
  /** A person of the staff has written. The bot is silent from then on. */
  readonly isTakenOver: boolean;
  /** More waited than is kept. */
  readonly isFlooded: boolean;
  /** What the bot has decided and stored. Nothing later is owed a reply. */
  readonly handedOver: HandOver | undefined;
}

/** The bot hands over when more messages wait. So a flood costs bounded memory. */
export const mostOwed = 32;
/** As many times of replies are kept as a limit for a minute can be. */
export const mostPerMinute = 60;

/** Events that hold a message of somebody that this device cannot read. */
const unreadable: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  "undecryptable",
  "no_key",
  "lost_in_rollback",
  "malformed_plaintext",
  "unsupported_payload",
]);

/** @param handedOver what the bot has stored in an earlier run */
export const newTalk = (handedOver: HandOver | undefined): Talk => ({
  seq: 0,
  roles: new Map(),
  isMember: false,
  owed: [],
  repliedAtMs: [],
  replies: 0,
  isTakenOver: false,
  isFlooded: false,
  handedOver,
});

/**
 * Takes in an event of the log.
 * @param self the account of the bot
 */
export const heard = (
  talk: Talk,
  { seq, items }: { readonly seq: number; readonly items: readonly ConversationItem[] },
  self: UserId,
): Talk => ({ ...items.reduce((now, item) => heardItem(now, item, self), talk), seq });

function heardItem(talk: Talk, item: ConversationItem, self: UserId): Talk {
  // What the server lost, and what others showed later, is the past: nobody waits for a reply to it.
  if (item.lostOnServer === true) return talk;
  switch (item.kind) {
    case "message":
    case "attachment":
      if (item.grantedBy !== undefined) return talk;
      if (item.mine) return replied(talk, item.receivedAtMs);
      return said(talk, item.sender, owedTo(item));
    case "problem":
      if (!unreadable.has(item.code) || item.sender === undefined) return talk;
      return said(talk, item.sender, { kind: "unreadable", seq: item.seq });
    case "gap":
    case "server_restored":
      // Nobody knows what was asked or answered there.
      return talk.isMember
        ? owe({ ...talk, owed: [] }, { kind: "unreadable", seq: item.seq })
        : talk;
    case "message_deleted":
    case "device_restored":
    case "history_granted":
    case "consent_changed":
    case "arrived_unseen":
    case "departed_unseen":
      return talk;
    default: {
      const roles = new Map(item.members.map(({ user, role }) => [user, role]));
      const isMember = roles.has(self);
      const next = { ...talk, roles, isMember, owed: isMember ? talk.owed : [] };
      const comes = isMember && !talk.isMember && talk.replies === 0 && talk.owed.length === 0;
      return comes ? owe(next, { kind: "greeting", seq: item.seq }) : next;
    }
  }
}

/** Returns undefined for edits and corrections, which the bot does not act on. */
function owedTo(
  item: Extract<ConversationItem, { readonly kind: "message" | "attachment" }>,
): Owed | undefined {
  const { seq } = item;
  if (item.kind === "attachment") return { kind: "unreadable", seq };
  if (item.edits !== undefined || item.corrects !== undefined) return undefined;
  return { kind: "text", seq, text: item.text };
}

function said(talk: Talk, sender: UserId, owed: Owed | undefined): Talk {
  switch (talk.roles.get(sender)) {
    case "customer":
      return owed === undefined ? talk : owe(talk, owed);
    case "bot":
    case "archiver":
      // Two bots would answer each other for ever.
      return talk;
    default:
      return { ...talk, isTakenOver: true, owed: [] };
  }
}

function owe(talk: Talk, owed: Owed): Talk {
  const { isTakenOver, handedOver } = talk;
  if (isTakenOver || (handedOver !== undefined && owed.seq > handedOver.at)) return talk;
  if (talk.owed.length >= mostOwed) return { ...talk, isFlooded: true };
  return { ...talk, owed: [...talk.owed, owed] };
}

const replied = (talk: Talk, atMs: number): Talk => ({
  ...talk,
  owed: talk.owed.slice(1),
  replies: talk.replies + 1,
  repliedAtMs: [...talk.repliedAtMs, atMs].slice(-mostPerMinute),
});
