import type { LogId } from "../logs.ts";

/**
 * Where the last checkpoint of each log is kept, out of the reach of whoever can write to the
 * database: a restored or rewritten database is known by it.
 */
export interface CheckpointStore {
  /** The latest of every log. */
  all(): Promise<readonly { readonly log: LogId; readonly note: string }[]>;
  /** Keeps a later one; it outlives a crash when this resolves. */
  put(log: LogId, size: number, note: string): Promise<void>;
  close(): Promise<void>;
}
