/** Where a copy of a log is kept that nobody here can take back. */
export interface ArchiveStore {
  /** The checkpoint that was archived last; undefined when there is none. */
  checkpoint(): Promise<string | undefined>;
  /** Keeps a file for good; the same path with the same bytes may come again. */
  put(path: string, bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
