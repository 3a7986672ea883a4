import type { LogId } from "../logs.ts";

/**
 * Keeps the last checkpoint of each log where nobody who can write to the database can reach it. A
 * restored or rewritten database is detected by it.
 */
export interface CheckpointStore {
  /** The latest checkpoint of every log, and every proof. */
  all(): Promise<readonly { readonly log: LogId; readonly note: string }[]>;
  /** Stores a later checkpoint. When this resolves, the checkpoint survives a crash. */
  put(log: LogId, size: number, note: string): Promise<void>;
  /**
   * Stores, for good, a head that contradicts the database, beside the latest one. The head may be
   * smaller than what was signed since. When this resolves, it survives a crash.
   */
  keepProof(log: LogId, note: string): Promise<void>;
  close(): Promise<void>;
}
