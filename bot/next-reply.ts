import type { HandOver, HandOverReason, Owed, Talk } from "./talk.ts";

/** What the bot does next. `at` is the event that it replies to. */
export type Reply =
  | { readonly kind: "greeting"; readonly at: number }
  | { readonly kind: "answer"; readonly at: number; readonly text: string }
  | ({ readonly kind: "hand_over" } & HandOver);

/** What was found in a text. */
export interface Judgement {
  readonly isUrgent: boolean;
  /** Undefined if the bot has no answer, or is not sure enough. */
  readonly answer: string | undefined;
}

export interface ReplyLimits {
  readonly answersPerMinute: number;
  readonly answersPerConversation: number;
}

const minuteMs = 60_000;

/** Returns whether a reply needs to look into what the customer wrote. */
export const needsJudging = ({ owed, handedOver, isTakenOver }: Talk): boolean =>
  handedOver === undefined && !isTakenOver && owed.some(({ kind }) => kind === "text");

/**
 * Decides what the bot does next. An emergency in anything that waits comes first, and is never answered.
 * @param judge undefined if the bot may not look into texts
 * @param nowMs milliseconds since the Unix epoch
 * @returns undefined if it is silent
 */
export function nextReply(
  talk: Talk,
  judge: ((text: string) => Judgement) | undefined,
  limits: ReplyLimits,
  nowMs: number,
): Reply | undefined {
  const [first] = talk.owed;
  if (first === undefined || !talk.isMember || talk.isTakenOver) return undefined;
  const handOver = (reason: HandOverReason): Reply => ({
    kind: "hand_over",
    at: first.seq,
    reason,
  });
  if (talk.handedOver !== undefined) return handOver(talk.handedOver.reason);
  if (judge !== undefined && talk.owed.some((owed) => isUrgent(owed, judge)))
    return handOver("urgent");
  if (talk.isFlooded) return handOver("too_many");
  if (first.kind === "greeting") return { kind: "greeting", at: first.seq };
  if (first.kind === "unreadable") return handOver("unreadable");
  if (judge === undefined) return handOver("not_allowed");
  if (isOverLimit(talk, limits, nowMs)) return handOver("too_many");
  const { answer } = judge(first.text);
  return answer === undefined
    ? handOver("unsure")
    : { kind: "answer", at: first.seq, text: answer };
}

const isUrgent = (owed: Owed, judge: (text: string) => Judgement): boolean =>
  owed.kind === "text" && judge(owed.text).isUrgent;

function isOverLimit(
  { replies, repliedAtMs }: Talk,
  { answersPerMinute, answersPerConversation }: ReplyLimits,
  nowMs: number,
): boolean {
  const recent = repliedAtMs.filter((atMs) => atMs > nowMs - minuteMs).length;
  return replies >= answersPerConversation || recent >= answersPerMinute;
}
