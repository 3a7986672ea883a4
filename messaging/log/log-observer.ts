import type { MessagingErrorCode } from "../messaging-error.ts";

/** Receives counts, times and codes of the working log, never a message. */
export interface LogObserver {
  /** Runs `commit`, which makes a batch of this many messages durable. It passes the outcome on. */
  readonly batch: (messages: number, commit: () => Promise<void>) => Promise<void>;
  /** A message was finally refused. */
  readonly refused: (code: MessagingErrorCode) => void;
  /** The database did not answer, so this many messages are tried again. */
  readonly retried: (messages: number) => void;
  /**
   * Another node had appended to this many conversations first, so their events are numbered again.
   */
  readonly conflicted: (conversations: number) => void;
}
