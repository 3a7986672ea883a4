import type { MessagingErrorCode } from "../messaging-error.ts";

/** What somebody outside may see of the log at work: counts, times and codes, never a message. */
export interface LogObserver {
  /** Runs `commit`, which makes a batch of so many messages durable, and hands on how it ends. */
  readonly batch: (messages: number, commit: () => Promise<void>) => Promise<void>;
  /** A message got a refusal as its final answer. */
  readonly refused: (code: MessagingErrorCode) => void;
  /** The database gave no answer, so so many messages go round once more. */
  readonly retried: (messages: number) => void;
  /** Another node had appended to so many conversations first, so their parts are numbered again. */
  readonly conflicted: (conversations: number) => void;
}
