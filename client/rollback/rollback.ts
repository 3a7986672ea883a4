import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { DeviceStore, StoreTransaction } from "../../crypto/device/store.ts";
import { mostRecoveries } from "./limit.ts";
import { loadRollback, putRollback, type Range, type RollbackRecord } from "./record.ts";

/**
 * Added to the generation of a recovered device, so that no copy from before the recovery reaches
 * it.
 */
const leap = 2 ** 20;
/**
 * The highest generation that a store accepts from the server. Above it, each claim adds only one
 * leap. So billions of claims do not use up the numbers to 2^53.
 */
const mostBelieved = 2 ** 52;

/**
 * Knows whether a store is an older copy of itself. The store generation grows before each hello,
 * so a store that sends one for the second time is an older copy. The server tells the highest
 * generation that it has heard. If the server hides it, the device's own events in the log reveal
 * the rollback.
 */
export class Rollback {
  readonly #store: DeviceStore;
  #record: RollbackRecord;
  #rangeOf: ReadonlyMap<ConversationId, Range>;

  private constructor(store: DeviceStore, record: RollbackRecord) {
    this.#store = store;
    this.#record = record;
    this.#rangeOf = rangesOf(record);
  }

  static async load(store: DeviceStore): Promise<Rollback> {
    return new Rollback(store, await store.read(loadRollback));
  }

  /** True from the moment the store was found to be an older copy until its keys are replaced. */
  get pending(): boolean {
    return this.#record.pending === 1;
  }

  /** While pending, the events that the store does not know of. */
  get ranges(): readonly Range[] {
    return this.#record.ranges;
  }

  /**
   * Returns the times when keys were replaced, in milliseconds since the Unix epoch, the newest
   * last.
   */
  get recoveries(): readonly number[] {
    return this.#record.recoveries.map(({ atMs }) => atMs);
  }

  /**
   * Returns true if the store does not know of the event. The records of messages that it sealed or
   * opened there are lost.
   */
  isUnseen(conversation: ConversationId, seq: number): boolean {
    const range = this.#rangeOf.get(conversation);
    return range !== undefined && seq > range.after && seq <= range.to;
  }

  /** The generation of the last hello. */
  get generation(): number {
    return this.#record.generation;
  }

  /** Returns the generation for the next hello. No earlier hello of this store had it. */
  async nextGeneration(): Promise<number> {
    await this.#change((record) => ({ ...record, generation: record.generation + 1 }));
    return this.#record.generation;
  }

  /**
   * @param lastGeneration the highest generation that the server had heard before the last hello
   */
  isOlder(lastGeneration: number): boolean {
    return lastGeneration >= this.#record.generation;
  }

  /**
   * Records that the store is an older copy. It stays recorded over restarts.
   * @param unseen the events that the store does not know of
   */
  async found(unseen: readonly Range[], lastGeneration: number): Promise<void> {
    await this.#change((record) => {
      const { generation } = record;
      const believed = Math.min(lastGeneration, mostBelieved);
      const ranges = new Map(record.pending === 1 ? rangesOf(record) : []);
      for (const { conversation, after, to } of unseen) {
        const known = ranges.get(conversation);
        ranges.set(conversation, { conversation, after: known?.after ?? after, to });
      }
      return {
        ...record,
        generation: Math.max(generation, believed) + leap,
        pending: 1,
        ranges: [...ranges.values()],
      };
    });
  }

  /**
   * Records in this transaction that the keys are replaced.
   * @param lost how many messages could not be opened
   * @returns a function to call when the transaction is committed
   */
  finished(transaction: StoreTransaction, lost: number, nowMs: number): () => void {
    const recoveries = [...this.#record.recoveries, { atMs: nowMs }].slice(-mostRecoveries);
    const { generation } = this.#record;
    const record = { generation, pending: 0, ranges: [], recoveries, untold: 1, lost };
    putRollback(transaction, record);
    return () => this.#set(record);
  }

  /** Returns how many messages could not be opened, until the user has been told. */
  get untold(): number | undefined {
    return this.#record.untold === 1 ? this.#record.lost : undefined;
  }

  told(): Promise<void> {
    return this.#change((record) => ({ ...record, untold: 0 }));
  }

  async #change(change: (record: RollbackRecord) => RollbackRecord): Promise<void> {
    await this.#store.transact(async (transaction) => {
      const changed = change(this.#record);
      putRollback(transaction, changed);
      // Inside the transaction, so that the later of two changes builds on the earlier one.
      this.#set(changed);
    });
  }

  #set(record: RollbackRecord): void {
    this.#record = record;
    this.#rangeOf = rangesOf(record);
  }
}

const rangesOf = ({ ranges }: RollbackRecord): ReadonlyMap<ConversationId, Range> =>
  new Map(ranges.map((range) => [range.conversation, range]));
