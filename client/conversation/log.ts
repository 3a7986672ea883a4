import type { ConversationId, MessageId } from "../../crypto/wire/ids.ts";
import type { DeviceStore, ReadTransaction } from "../../crypto/device/store.ts";
import { deferred } from "../deferred.ts";
import { SealdeskError } from "../errors.ts";
import { readLost } from "../restore/lost-events.ts";
import { itemsOf, readHistory, type HistoryRecord, type Self } from "./history.ts";
import type { LoggedItem, LogProblemCode, ProblemItem } from "./items.ts";
import type { Cut } from "./cuts.ts";
import type { ConversationState } from "./state.ts";

const pageSize = 64;

/** One conversation's log in this device's store, with its readers. */
export class ConversationLog {
  readonly id: ConversationId;
  readonly self: Self;
  readonly #store: DeviceStore;
  readonly #reported = new Set<string>();
  readonly #listeners = new Set<(problem: ProblemItem) => void>();
  #state: ConversationState | undefined;
  #changed = deferred<void>();
  #end: { readonly error: SealdeskError; readonly quietly: boolean } | undefined;

  constructor(
    id: ConversationId,
    self: Self,
    store: DeviceStore,
    state: ConversationState | undefined,
  ) {
    this.id = id;
    this.self = self;
    this.#store = store;
    this.#state = state;
  }

  /** Undefined until the first event that this device may see. */
  get state(): ConversationState | undefined {
    return this.#state;
  }

  /** Returns the seq of the last event that is known here. */
  get cursor(): number {
    return this.#state?.seq ?? 0;
  }

  /** Takes over the state that a transaction has just committed. */
  advance(state: ConversationState): void {
    this.#state = state;
    this.#ring();
  }

  /**
   * Reports a problem of the log to the readers, each problem once.
   * @returns the problem, or undefined if it was reported before
   */
  report(seq: number, code: LogProblemCode, message?: MessageId): ProblemItem | undefined {
    const known = `${code} ${seq}`;
    if (this.#reported.has(known)) return undefined;
    this.#reported.add(known);
    const problem = { kind: "problem", seq, code, message } as const;
    for (const listener of this.#listeners) listener(problem);
    this.#ring();
    return problem;
  }

  /**
   * Rejects everything that waits with `error`. With `readersQuietly`, readers end without an
   * error.
   */
  end(error: SealdeskError, readersQuietly: boolean): void {
    this.#end ??= { error, quietly: readersQuietly };
    this.#ring();
  }

  /**
   * Resolves once the event `seq` is recorded.
   * @throws SealdeskError the error that ended the connection
   */
  async reached(seq: number): Promise<void> {
    await this.until(() => this.cursor >= seq);
  }

  /**
   * Waits until the log's state is as it is to be.
   * @returns false if `signal` aborts first
   * @throws SealdeskError the error that ended the connection
   */
  async until(holds: () => boolean, signal?: AbortSignal): Promise<boolean> {
    const ring = () => this.#ring();
    signal?.addEventListener("abort", ring);
    try {
      while (!holds()) {
        if (this.#end !== undefined) throw this.#end.error;
        if (signal?.aborted === true) return false;
        await this.#changed.promise;
      }
      return true;
    } finally {
      signal?.removeEventListener("abort", ring);
    }
  }

  /**
   * Returns a message that this device has.
   * @throws SealdeskError history_incomplete
   */
  async messageAt(seq: number): Promise<Pick<HistoryRecord, "transcriptHash">> {
    const [found] = await this.#page((each) => readHistory(each, this.id, seq - 1, 1));
    if (found?.[0] !== seq || found[1].kind !== "message")
      throw new SealdeskError("history_incomplete", "This device has no such message.");
    return found[1];
  }

  /**
   * Yields all items after the event `after`, then new items, in order and each once. If a restore
   * of the server cut the log, yields the lost items, and continues from the cut. Ends when the
   * connection is closed or `signal` aborts.
   * @param restores the number of cuts that the log had when `after` was kept; by default those
   *   before `after`
   * @throws SealdeskError the error that ended the connection
   */
  async *items(
    after: number,
    signal?: AbortSignal,
    restores?: number,
  ): AsyncGenerator<LoggedItem, void, undefined> {
    const problems: ProblemItem[] = [];
    const listener = (problem: ProblemItem) => void problems.push(problem);
    const ring = () => this.#ring();
    this.#listeners.add(listener);
    signal?.addEventListener("abort", ring);
    try {
      let passed = restores ?? this.#cuts.filter(({ at }) => at < after).length;
      for (let [position, seen] = [after, after]; ;) {
        if (signal?.aborted === true) return;
        yield* problems.splice(0);
        const changed = this.#changed.promise;
        const cut = this.#cuts[passed];
        if (cut !== undefined && position >= cut.at) {
          yield* this.#lostItems(cut, seen);
          position = seen = cut.at;
          passed++;
          continue;
        }
        const end = cut?.at ?? this.cursor;
        if (end > position) {
          const page = await this.#page((each) => readHistory(each, this.id, position, pageSize));
          const shown = page.filter(([seq]) => seq <= end);
          for (const [seq, record] of shown) {
            position = seen = seq;
            yield* itemsOf(seq, record, this.self);
          }
          // If the visible events end with a gap, there is nothing more up to the end.
          if (shown.length === 0) position = end;
          continue;
        }
        if (problems.length > 0) continue;
        if (this.#end?.quietly === true) return;
        if (this.#end !== undefined) throw this.#end.error;
        await changed;
      }
    } finally {
      this.#listeners.delete(listener);
      signal?.removeEventListener("abort", ring);
    }
  }

  get #cuts(): readonly Cut[] {
    return this.#state?.cuts ?? [];
  }

  /**
   * Yields the items that a restore of the server lost. A reader may have seen those up to `seen`
   * before.
   */
  async *#lostItems(
    { at, restore, backupOfMs, messages, returned }: Cut,
    seen: number,
  ): AsyncGenerator<LoggedItem, void, undefined> {
    yield { kind: "server_restored", seq: at, backupOfMs, messages, returned };
    for (let after = seen; ;) {
      const from = { restore, after, limit: pageSize };
      const page = await this.#page((each) => readLost(each, this.id, from));
      for (const [seq, record] of page)
        for (const item of itemsOf(seq, record, this.self)) yield { ...item, lostOnServer: true };
      const last = page.at(-1);
      if (last === undefined) return;
      [after] = last;
    }
  }

  async #page<T>(
    read: (transaction: ReadTransaction) => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    try {
      return await this.#store.read(read);
    } catch (error) {
      // The store closes with the connection. That may happen while a page is read.
      if (this.#end !== undefined) return [];
      throw error;
    }
  }

  #ring(): void {
    this.#changed.resolve();
    this.#changed = deferred();
  }
}
