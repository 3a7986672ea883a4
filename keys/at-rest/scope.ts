import type { UserId, ConversationId, ReportId } from "../../crypto/wire/ids.ts";

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
  /** A report stands for the author of what it discloses, so that its key is destroyed with it. */
  readonly author: UserId | ReportId;
  readonly period: number;
}

/** Returns a string that is the same for two scopes exactly if they have the same key. */
export const nameOf = ({ conversation, author, period }: Scope): string =>
  `${conversation}${author}${period}`;
