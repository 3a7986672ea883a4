import { copyOf } from "../wire/bytes.ts";
import { StoreError } from "./store-error.ts";

export type StoreEntry = readonly [key: string, value: Uint8Array];

export interface ListOptions {
  readonly after?: string;
  readonly limit?: number;
}

/**
 * A transaction that reads through to the store, keeps writes in memory, and is committed as one
 * atomic batch. Keys are `area!part!part`. Values are sealed (XChaCha20-Poly1305, the key as
 * associated data).
 */
export interface StoreTransaction {
  get(key: string): Promise<Uint8Array | undefined>;
  /**
   * Returns the values of `keys` in that order. One call to the database reads all that are not
   * cached.
   */
  getMany(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>;
  put(key: string, value: Uint8Array): void;
  delete(key: string): void;
  /** Lists the entries whose key starts with `prefix`, in key order, including staged writes. */
  list(prefix: string, options?: ListOptions): Promise<readonly StoreEntry[]>;
  /** Lists the keys that start with `prefix`, in their order. It reads no values. */
  keys(prefix: string): Promise<readonly string[]>;
}

/** The committed state that a transaction reads through to. */
export interface Committed {
  getMany(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>;
  list(prefix: string, options: ListOptions): Promise<readonly StoreEntry[]>;
  keys(prefix: string): Promise<readonly string[]>;
}

/** `undefined` means a deletion. */
export type StagedWrites = ReadonlyMap<string, Uint8Array | undefined>;

/** Key names that hold the store's own records. */
export const reserved = "store!";

export class StagedTransaction implements StoreTransaction {
  readonly #committed: Committed;
  readonly #staged = new Map<string, Uint8Array | undefined>();
  #finished = false;

  constructor(committed: Committed) {
    this.#committed = committed;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const [value] = await this.getMany([key]);
    return value;
  }

  async getMany(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    for (const key of keys) this.#assertWritable(key);
    const unstaged = keys.filter((key) => !this.#staged.has(key));
    const values = unstaged.length === 0 ? [] : await this.#committed.getMany(unstaged);
    const read = new Map(unstaged.map((key, index) => [key, values[index]]));
    return keys.map((key) =>
      (this.#staged.has(key) ? this.#staged.get(key) : read.get(key))?.slice(),
    );
  }

  put(key: string, value: Uint8Array): void {
    this.#assertWritable(key);
    this.#staged.set(key, copyOf(value));
  }

  delete(key: string): void {
    this.#assertWritable(key);
    this.#staged.set(key, undefined);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<readonly StoreEntry[]> {
    if (prefix !== "") this.#assertWritable(prefix);
    const { after = "", limit = Number.POSITIVE_INFINITY } = options;
    const inRange = (key: string) => key.startsWith(prefix) && key > after;
    const staged = [...this.#staged].filter(([key]) => inRange(key));
    // Each staged key hides at most one committed entry, so reading this many is enough.
    const committed = await this.#committed.list(prefix, {
      ...options,
      ...(limit === Number.POSITIVE_INFINITY ? {} : { limit: limit + staged.length }),
    });
    const merged = new Map<string, Uint8Array>(committed);
    for (const [key, value] of staged) {
      if (value === undefined) merged.delete(key);
      else merged.set(key, value);
    }
    return [...merged]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, limit)
      .map(([key, value]) => [key, value.slice()] as const);
  }

  async keys(prefix: string): Promise<readonly string[]> {
    if (prefix !== "") this.#assertWritable(prefix);
    const keys = new Set(await this.#committed.keys(prefix));
    for (const [key, value] of this.#staged) {
      if (value === undefined) keys.delete(key);
      else if (key.startsWith(prefix)) keys.add(key);
    }
    return [...keys].toSorted();
  }

  /**
   * Ends the transaction.
   * @returns the writes to commit
   */
  finish(): StagedWrites {
    this.#finished = true;
    return this.#staged;
  }

  #assertWritable(key: string): void {
    if (this.#finished) throw new StoreError("finished", "The transaction has already ended.");
    // For printable ASCII, JavaScript's string order equals the database's byte order.
    if (!/^[\x20-\x7e]+$/.test(key) || key.startsWith(reserved))
      throw new StoreError("invalid_key", "A key name is reserved or not printable ASCII.");
  }
}
