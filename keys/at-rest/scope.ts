import type { UserId, ConversationId } from "../../crypto/wire/ids.ts";

const PERIOD_MS = 30 * 86_400_000;

/**
 * The messages of one author in one conversation within 30 days. One key seals them, and they are
 * destroyed together.
 */
export interface Scope {
  readonly conversation: ConversationId;
  /**
   * The data subject that the conversation is about. The subject's key wraps the keys of the
   * conversation.
   */
  readonly subject: UserId;
  readonly author: UserId;
  readonly period: number;
}

/**
 * Returns the period that contains a time of receipt.
 * @param ms milliseconds since the Unix epoch
 */
export const periodOf = (ms: number): number => Math.floor(ms / PERIOD_MS);

/** Returns the time of a period: from its first millisecond on, and before the first one of the next period. */
export const periodRange = (
  period: number,
): { readonly fromMs: number; readonly untilMs: number } => ({
  fromMs: period * PERIOD_MS,
  untilMs: (period + 1) * PERIOD_MS,
});

/** Returns a string that is the same for two scopes exactly if they have the same key. */
export const nameOf = ({ conversation, author, period }: Scope): string =>
  `${conversation}${author}${period}`;
