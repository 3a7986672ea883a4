import type { ConversationId, MessageId } from "../../crypto/wire/ids.ts";
import type { DeviceStore, ReadTransaction } from "../../crypto/device/store.ts";
import { deferred } from "../deferred.ts";
import { SealdeskError } from "../errors.ts";
import { readLost } from "../restore/lost-events.ts";
import type { About } from "./about.ts";
import { itemsOf, readHistory, type HistoryRecord, type Self } from "./history.ts";
import type { LoggedItem, LogProblemCode, ProblemItem } from "./items.ts";
import type { Cut } from "./cuts.ts";
import { mayRevise, withLinks } from "./revisions.ts";
import type { ConversationState } from "./state.ts";
import type { ToldLimits } from "./told-limits.ts";

const pageSize = 64;

/** What an event shows, and its record if the log has it. */
export interface ShownEvent {
  readonly seq: number;
  readonly items: readonly LoggedItem[];
  readonly record?: HistoryRecord;
}

/** One conversation's log in this device's store, with its readers. */
export class ConversationLog {
  readonly id: ConversationId;
  readonly self: Self;
  readonly #store: DeviceStore;
  readonly #told: Pick<ToldLimits, "limits">;
  readonly #reported = new Set<string>();
  readonly #listeners = new Set<(problem: ProblemItem) => void>();
  #state: ConversationState | undefined;
  #changed = deferred<void>();
  #end: { readonly error: SealdeskError; readonly quietly: boolean } | undefined;

  constructor(
    id: ConversationId,
    self: Self,
    store: DeviceStore,
    told: Pick<ToldLimits, "limits">,
    state: ConversationState | undefined,
  ) {
    this.id = id;
    this.self = self;
    this.#store = store;
    this.#told = told;
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
   * Returns what a correction, an edit or a deletion of a message names.
   * @param atMs the time of the edit or of the deletion, in milliseconds since the Unix epoch
   * @throws SealdeskError history_incomplete, revision_refused
   */
  async target(as: About["as"], seq: number, atMs: number): Promise<About> {
    const { revisionMs } = this.#told.limits;
    const [found] = await this.#page(async (transaction) => {
      const [target] = await readHistory(transaction, this.id, seq - 1, 1);
      if (target?.[0] !== seq || target[1].kind !== "message") return [];
      const reading = { transaction, conversation: this.id, revisionMs };
      const by = { as, user: this.self.user, atMs };
      const isAllowed = as === "correction" || (await mayRevise(reading, target, by));
      return [{ isAllowed, transcriptHash: target[1].transcriptHash }];
    });
    if (found === undefined)
      throw new SealdeskError("history_incomplete", "This device has no such message.");
    if (!found.isAllowed)
      throw new SealdeskError(
        "revision_refused",
        revisionMs === 0
          ? "Your organisation does not allow that messages are revised. Send a correction instead."
          : `You revise only texts of your own that are not deleted, within ${revisionMs / 60_000} minutes. Send a correction instead.`,
      );
    return { as, seq, transcriptHash: found.transcriptHash };
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
    for await (const { items } of this.events(after, signal, restores)) yield* items;
  }

  /** Yields the same items, those of one event together. */
  async *events(
    after: number,
    signal?: AbortSignal,
    restores?: number,
  ): AsyncGenerator<ShownEvent, void, undefined> {
    const problems: ProblemItem[] = [];
    const listener = (problem: ProblemItem) => void problems.push(problem);
    const ring = () => this.#ring();
    this.#listeners.add(listener);
    signal?.addEventListener("abort", ring);
    try {
      let passed = restores ?? this.#cuts.filter(({ at }) => at < after).length;
      for (let [position, seen] = [after, after]; ;) {
        if (signal?.aborted === true) return;
        for (const problem of problems.splice(0)) yield { seq: problem.seq, items: [problem] };
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
          const page = await this.#page(async (transaction) => {
            const found = await readHistory(transaction, this.id, position, pageSize);
            const revisionMs = this.#told.limits.longestRevisionMs;
            return withLinks({ transaction, conversation: this.id, revisionMs }, found);
          });
          const shown = page.filter(([seq]) => seq <= end);
          for (const [seq, record, links] of shown) {
            position = seen = seq;
            yield { seq, items: itemsOf(seq, record, this.self, links), record };
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
  ): AsyncGenerator<ShownEvent, void, undefined> {
    const cut = { kind: "server_restored", seq: at, backupOfMs, messages, returned } as const;
    yield { seq: at, items: [cut] };
    for (let after = seen; ;) {
      const from = { restore, after, limit: pageSize };
      const page = await this.#page((each) => readLost(each, this.id, from));
      for (const [seq, record] of page)
        yield {
          seq,
          items: itemsOf(seq, record, this.self).map((item) => ({
            ...item,
            lostOnServer: true as const,
          })),
        };
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
