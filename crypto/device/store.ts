import { utf8 } from "../wire/bytes.ts";
import { encodings, type Level, type LevelOperation } from "./level.ts";
import { ReadCache } from "./read-cache.ts";
import { ready } from "./sodium.ts";
import { StoreError } from "./store-error.ts";
import {
  reserved,
  StagedTransaction,
  type ListOptions,
  type StagedWrites,
  type StoreEntry,
  type StoreTransaction,
} from "./store-transaction.ts";
import { ValueSeal } from "./value-seal.ts";

export type { Level } from "./level.ts";
export { StoreError, type StoreErrorCode } from "./store-error.ts";
export { deriveStoreKey, storeSalt } from "./store-key.ts";
export type { StoreEntry, StoreTransaction } from "./store-transaction.ts";

const checkName = `${reserved}check`;
const cacheBytes = 2 * 1024 * 1024;
const openLevels = new WeakSet<Level>();

export type ReadTransaction = Pick<StoreTransaction, "get" | "getMany" | "list">;

/**
 * One device's encrypted state. Its single lock serialises every use of a ratchet. Two transactions
 * never interleave, so no chain key is read twice before it is advanced. Do not call `transact` or
 * `read` inside a transaction, and do not wait for the network there.
 *
 * The store does not notice when the whole database was restored from an older copy.
 * `client/rollback` detects it before anything is sent.
 */
export class DeviceStore {
  readonly #level: Level;
  readonly #seal: ValueSeal;
  readonly #cache = new ReadCache(cacheBytes);
  /** Counts batches. A read that began before a batch must not fill the cache after it. */
  #batches = 0;
  #tail: Promise<unknown> = Promise.resolve();
  readonly #onClosed: () => Promise<void>;
  #closing: Promise<void> | undefined;

  private constructor(level: Level, seal: ValueSeal, onClosed: () => Promise<void>) {
    this.#level = level;
    this.#seal = seal;
    this.#onClosed = onClosed;
  }

  /**
   * Opens the store, or creates it if the database is empty. The store owns the database from then
   * on.
   * @param key 32 bytes, from the OS keychain or `deriveStoreKey`; it is copied, so you can wipe it
   * @param onClosed called when the database is closed again
   * @throws StoreError wrong_key; damaged: entries but no check record; in_use
   */
  static async open(
    level: Level,
    key: Uint8Array,
    onClosed: () => Promise<void> = async () => undefined,
  ): Promise<DeviceStore> {
    const seal = new ValueSeal(key);
    await ready;
    if (openLevels.has(level)) throw new StoreError("in_use", "The database is open already.");
    openLevels.add(level);
    try {
      await level.open();
      await assertSealingKey(level, seal);
      return new DeviceStore(level, seal, onClosed);
    } catch (error) {
      openLevels.delete(level);
      seal.wipe();
      throw error;
    }
  }

  /**
   * Runs `work` alone and then writes everything that it staged as one batch. It resolves when the
   * batch is on disk, because a ratchet must never be older than a ciphertext that has left the
   * device. If `work` throws, nothing is written.
   * @throws StoreError closed, damaged, and whatever `work` or the database throws
   */
  transact<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T> {
    return this.#exclusively(async () => {
      const transaction = new StagedTransaction(this.#committed());
      try {
        const result = await work(transaction);
        await this.#commit(transaction.finish());
        return result;
      } finally {
        transaction.finish();
      }
    });
  }

  /**
   * Reads one consistent state between transactions.
   * @throws StoreError closed, damaged
   */
  read<T>(work: (transaction: ReadTransaction) => Promise<T>): Promise<T> {
    return this.#exclusively(async () => {
      const transaction = new StagedTransaction(this.#committed());
      try {
        return await work(transaction);
      } finally {
        transaction.finish();
      }
    });
  }

  /** Waits for running transactions, then wipes the key and the cache from memory. */
  close(): Promise<void> {
    this.#closing ??= this.#tail.then(async () => {
      this.#seal.wipe();
      this.#cache.clear();
      openLevels.delete(this.#level);
      await this.#level.close();
      await this.#onClosed();
    });
    return this.#closing;
  }

  #exclusively<T>(task: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined)
      return Promise.reject(new StoreError("closed", "The device store is closed."));
    const run = this.#tail.then(task);
    this.#tail = run.then(
      () => undefined,
      () => undefined,
    );
    return run;
  }

  #committed() {
    return {
      getMany: (keys: readonly string[]) => this.#getMany(keys),
      list: (prefix: string, options: ListOptions) => this.#list(prefix, options),
      keys: (prefix: string) => this.#keys(prefix),
    };
  }

  async #getMany(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    const values = new Map(keys.map((key) => [key, this.#cache.get(key)?.slice()]));
    const missing = [...values].filter(([, value]) => value === undefined).map(([key]) => key);
    if (missing.length > 0) {
      const batches = this.#batches;
      const sealed = await this.#level.getMany(missing, encodings);
      for (const [index, key] of missing.entries()) {
        const bytes = sealed[index];
        if (bytes === undefined) continue;
        const value = this.#seal.open(key, bytes);
        values.set(key, value.slice());
        // This read may belong to work that has failed, while a later transaction has already
        // continued.
        if (batches === this.#batches) this.#cache.set(key, value);
      }
    }
    return keys.map((key) => values.get(key));
  }

  async #list(prefix: string, options: ListOptions): Promise<readonly StoreEntry[]> {
    const { after = "", limit } = options;
    const entries = await this.#level
      .iterator({
        ...encodings,
        ...(after > prefix ? { gt: after } : { gte: prefix }),
        lt: `${prefix}\x7f`,
        ...(limit === undefined ? {} : { limit: limit + reservedRecords }),
      })
      .all();
    return entries
      .filter(([key]) => !key.startsWith(reserved) && key.startsWith(prefix) && key > after)
      .map(([key, sealed]) => [key, this.#seal.open(key, sealed)] as const)
      .slice(0, limit);
  }

  async #keys(prefix: string): Promise<readonly string[]> {
    const keys = await this.#level.keys({ ...encodings, gte: prefix, lt: `${prefix}\x7f` }).all();
    return keys.filter((key) => !key.startsWith(reserved) && key.startsWith(prefix));
  }

  async #commit(writes: StagedWrites): Promise<void> {
    if (writes.size === 0) return;
    const operations: LevelOperation[] = [...writes].map(([key, value]) =>
      value === undefined
        ? { type: "del", key }
        : { type: "put", key, value: this.#seal.seal(key, value) },
    );
    this.#batches++;
    try {
      await this.#level.batch(operations, { ...encodings, sync: true });
    } catch (error) {
      // A failed batch may or may not have reached the disk. Read everything from there again.
      this.#cache.clear();
      throw error;
    }
    for (const [key, value] of writes) {
      if (value === undefined) this.#cache.delete(key);
      else this.#cache.set(key, value);
    }
  }
}

/** The check record and the salt. `list` leaves out these entries of the database. */
const reservedRecords = 2;

async function assertSealingKey(level: Level, seal: ValueSeal): Promise<void> {
  const [record] = await level.getMany([checkName], encodings);
  if (record !== undefined) {
    try {
      seal.open(checkName, record);
    } catch (cause) {
      throw new StoreError("wrong_key", "The store was sealed with another key.", { cause });
    }
    return;
  }
  const entries = await level.iterator({ ...encodings, limit: reservedRecords }).all();
  if (entries.some(([key]) => !key.startsWith(reserved)))
    throw new StoreError("damaged", "The store has entries but no check record.");
  const value = seal.seal(checkName, utf8("sealdesk device store"));
  await level.batch([{ type: "put", key: checkName, value }], { ...encodings, sync: true });
}
