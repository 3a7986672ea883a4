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

/** True if only the whole log can tell whether the message is new. */
export function doubtful(item: PendingPost, nowMs: number): boolean {
  return item.attempts > 0 || mayStandInEarlierMonth(item.request.send.clientMessageId, nowMs);
}
