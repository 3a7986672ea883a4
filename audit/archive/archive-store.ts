/** Keeps a copy of a log in a place where no operator of this server can remove it. */
export interface ArchiveStore {
  /** Returns the checkpoint that was archived last, or undefined if there is none. */
  checkpoint(): Promise<string | undefined>;
  /** Stores a file permanently. You may store the same bytes at the same path again. */
  put(path: string, bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
