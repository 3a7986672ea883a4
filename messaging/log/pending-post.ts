import type { ConversationHead } from "./head.ts";
import { mayStandInEarlierMonth, type PostOutcome, type PostRequest } from "./plan-messages.ts";

/** A message whose sender waits for an answer. */
export interface PendingPost {
  readonly request: PostRequest;
  readonly resolve: (outcome: PostOutcome) => void;
  readonly reject: (error: Error) => void;
  /**
   * The number of attempts to store it that failed, at the database or because a key was
   * unavailable.
   */
  attempts: number;
}

/**
 * True if only the database can tell whether the message is new, or whether its sender is still a member: an access in
 * an emergency may have ended early, which leaves no event.
 */
export function doubtful(
  { attempts, request }: PendingPost,
  { authors }: Pick<ConversationHead, "authors">,
  nowMs: number,
): boolean {
  const isByBreakGlass = authors.get(request.senderDevice)?.untilMs !== undefined;
  const mayBeEarlier = mayStandInEarlierMonth(request.send.clientMessageId, nowMs);
  return attempts > 0 || isByBreakGlass || mayBeEarlier;
}
