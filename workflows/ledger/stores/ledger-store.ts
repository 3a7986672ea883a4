/** An entry as it is stored. */
export interface StoredEntry {
  readonly number: number;
  readonly note: string;
}

/** Keeps the ledger where nobody who can write to the database can reach it. */
export interface LedgerStore {
  /** Returns the entries from `first` on, in their order. */
  read(first: number): Promise<readonly StoredEntry[]>;
  /**
   * Stores an entry. When this resolves, it survives a crash.
   * @returns false if there is an entry of this number already; it stays
   */
  put(entry: StoredEntry): Promise<boolean>;
  close(): void;
}

const WIDTH = 12;

/** Names an entry so that names sort by number. */
export const entryName = (number: number): string => `${String(number).padStart(WIDTH, "0")}.entry`;

/** Returns the number in a name; undefined if it is not that of an entry. */
export function numberIn(name: string): number | undefined {
  const [, digits] = /^(\d{12})\.entry$/.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
