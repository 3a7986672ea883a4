import type { LogId } from "../logs.ts";

/**
 * Where the last checkpoint of each log is kept, out of the reach of whoever can write to the
 * database: a restored or rewritten database is known by it.
 */
export interface CheckpointStore {
  /** The latest of every log, and every proof. */
  all(): Promise<readonly { readonly log: LogId; readonly note: string }[]>;
  /** Keeps a later one; it outlives a crash when this resolves. */
  put(log: LogId, size: number, note: string): Promise<void>;
  /**
   * Keeps a head that the database contradicts, for good, beside the latest: it may be smaller than
   * what was signed since. It outlives a crash when this resolves.
   */
  keepProof(log: LogId, note: string): Promise<void>;
  close(): Promise<void>;
}
