import type { LogSigner } from "../logs.ts";
import type { SignedRestore } from "../verify/log-restore.ts";
import type { NoteKey } from "../verify/note.ts";

/**
 * Keeps the last head of each log that the witness saw, and the statements of the log's restores.
 */
export interface WitnessStore {
  /** Returns the cosigned note, or undefined if the witness never saw the log. */
  latest(origin: string): Promise<string | undefined>;
  /** Stores the cosigned note. When this resolves, the note survives a crash. */
  put(origin: string, note: string): Promise<void>;
  /** Returns the statements that the log was restored from a backup. */
  restores(origin: string): Promise<readonly string[]>;
  /** Stores the statement. When this resolves, the statement survives a crash. */
  addRestore(origin: string, note: string): Promise<void>;
}

export interface WitnessOptions {
  readonly name: string;
  readonly signer: LogSigner;
  /** The keys of the logs whose heads are cosigned. */
  readonly logs: readonly NoteKey[];
  /**
   * The people who may approve a restore. Two of them must have approved each. If the list is
   * empty, no restore is accepted.
   */
  readonly approvers: readonly NoteKey[];
  readonly store: WitnessStore;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Called once for each statement that a log was restored. */
  readonly onRestore?: (restore: SignedRestore) => void;
}
