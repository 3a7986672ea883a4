/** Keeps a copy of a log in a place where nobody here can remove it. */
export interface ArchiveStore {
  /** The checkpoint that was archived last, or undefined if there is none. */
  checkpoint(): Promise<string | undefined>;
  /** Stores a file for good. You may store the same bytes at the same path again. */
  put(path: string, bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
