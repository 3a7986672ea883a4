/** Keeps texts under names. Nobody replaces a text, not even this program. */
export interface RecordStore {
  /**
   * Stores a text under a name such as `conversations/ID/key.json`. When this resolves, it survives a crash.
   * @returns false if another text has this name; that text stays
   */
  create(name: string, text: string): Promise<boolean>;
  /** Returns the text that was stored first under the name; undefined if there is none. */
  read(name: string): Promise<string | undefined>;
  /** Returns the names that begin with `prefix`, which ends with a slash, in their order. */
  names(prefix: string): Promise<readonly string[]>;
  close(): void;
}
