import { openDB, type IDBPDatabase } from "idb";
import type { Level, LevelOperation, LevelRange } from "../crypto/device/level.ts";

const entries = "entries";

/**
 * The database of a device store in a browser. One object store holds everything: keys as text,
 * values as bytes. IndexedDB orders text by UTF-16 code units. The store's keys are printable
 * ASCII, so this is the order of their bytes.
 */
export class IndexedDbLevel implements Level {
  readonly #name: string;
  #opening: Promise<IDBPDatabase> | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  async open(): Promise<void> {
    await this.#database();
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    (await opening)?.close();
  }

  async getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const { store } = (await this.#database()).transaction(entries);
    return Promise.all(keys.map((key) => store.get(key) as Promise<Uint8Array | undefined>));
  }

  /**
   * Writes everything in one transaction, or nothing. "strict" asks the browser to confirm only
   * after the data is on disk.
   */
  async batch(operations: readonly LevelOperation[]): Promise<void> {
    const database = await this.#database();
    const transaction = database.transaction(entries, "readwrite", { durability: "strict" });
    const { store, done } = transaction;
    const requests: Promise<unknown>[] = [done];
    try {
      for (const operation of operations)
        requests.push(
          operation.type === "put"
            ? store.put(operation.value, operation.key)
            : store.delete(operation.key),
        );
      await Promise.all(requests);
    } catch (error) {
      // A value that cannot be stored throws immediately. Without the abort, the values before it
      // would be committed.
      for (const request of requests) request.catch(() => undefined);
      abort(transaction);
      throw error;
    }
  }

  iterator({ gt, gte, lt, limit }: Pick<LevelRange, "gt" | "gte" | "lt" | "limit">) {
    return {
      all: async (): Promise<[string, Uint8Array][]> => {
        const { store } = (await this.#database()).transaction(entries);
        const range = rangeOf(gt ?? gte, gt !== undefined, lt);
        // Request both at once, so that one transaction reads one state.
        const [keys, values] = await Promise.all([
          store.getAllKeys(range, limit) as Promise<string[]>,
          store.getAll(range, limit) as Promise<Uint8Array[]>,
        ]);
        return keys.map((key, index) => [key, values[index] ?? new Uint8Array()]);
      },
    };
  }

  keys({ gt, gte, lt, limit }: Pick<LevelRange, "gt" | "gte" | "lt" | "limit">) {
    return {
      all: async (): Promise<string[]> => {
        const { store } = (await this.#database()).transaction(entries);
        const range = rangeOf(gt ?? gte, gt !== undefined, lt);
        return store.getAllKeys(range, limit) as Promise<string[]>;
      },
    };
  }

  #database(): Promise<IDBPDatabase> {
    this.#opening ??= openDB(this.#name, 1, {
      upgrade: (database) => void database.createObjectStore(entries),
    });
    return this.#opening;
  }
}

function abort(transaction: { abort(): void }): void {
  try {
    transaction.abort();
  } catch {
    // The transaction has already ended.
  }
}

function rangeOf(
  from: string | undefined,
  fromIsOpen: boolean,
  before: string | undefined,
): IDBKeyRange | undefined {
  if (from === undefined)
    return before === undefined ? undefined : IDBKeyRange.upperBound(before, true);
  return before === undefined
    ? IDBKeyRange.lowerBound(from, fromIsOpen)
    : IDBKeyRange.bound(from, before, fromIsOpen, true);
}
