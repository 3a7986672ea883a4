import type { Control, Deliver } from "../../crypto/wire/frame.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import { hashAt } from "../conversation/history.ts";
import type { ConversationLog } from "../conversation/log.ts";
import { checkSequence, type SequenceCheck } from "../conversation/sequence-check.ts";
import type { ConversationState } from "../conversation/state.ts";
import { judgeEnd, judgeEvent, type Comparison, type Verdict } from "./judge.ts";
import { rewind, saveApplied, type RewindDeps } from "./rewind.ts";

export interface LogComparisonDeps extends RewindDeps {
  readonly store: DeviceStore;
  readonly log: ConversationLog;
  /** The server has the event `seq` as the device has it. */
  readonly onSame: (seq: number) => void;
  /** A restore was applied. The state and the outbox of the conversation have changed. */
  readonly onApplied: () => Promise<void>;
}

/**
 * Compares a conversation's log on the server with the log in the store, once after a restore of the
 * server. Where they differ, it goes back to the last event that both have. Nothing is sent before.
 */
export class LogComparison {
  readonly #deps: LogComparisonDeps;
  #comparison: Comparison | undefined;
  /** The last event that both have, or that is gone. */
  #same = 0;

  constructor(deps: LogComparisonDeps) {
    this.#deps = deps;
  }

  get active(): boolean {
    return this.#comparison !== undefined;
  }

  /** Begins. The server then sends the events from the anchor on again. */
  begin(comparison: Comparison): void {
    this.#comparison = comparison;
    this.#same = 0;
  }

  /** Gives up, because the connection is gone or the log is not as it must be. */
  stop(): void {
    this.#comparison = undefined;
  }

  /**
   * Finds the place of an event.
   * @param place its place if no restore happened
   */
  async place(
    event: Deliver,
    control: Control | undefined,
    place: SequenceCheck,
  ): Promise<SequenceCheck> {
    const comparison = this.#comparison;
    if (comparison === undefined) return place;
    const { store, log, onSame } = this.#deps;
    if (place.kind === "next") {
      // Its hash covers everything before it.
      this.passed(log.cursor);
      await this.finish();
      return place;
    }
    const kept = await store.read((transaction) => hashAt(transaction, log.id, event.seq));
    const verdict = judgeEvent(comparison, event, kept);
    if (verdict.kind === "alarm") return { kind: "forked" };
    if (verdict.kind === "same") {
      this.passed(event.seq);
      onSame(event.seq);
      return place;
    }
    const follows = (state: ConversationState) =>
      checkSequence(state, event, control, log.self.device).kind === "next";
    if (await this.#cut(comparison, follows)) return { kind: "next" };
    return place.kind === "known" ? { kind: "forked" } : place;
  }

  /** The server has the events up to `seq` as the device has them, or they are purged or erased. */
  passed(seq: number): void {
    this.#same = Math.max(this.#same, seq);
  }

  /**
   * The server has nothing more for now, or what it has continues the store's log.
   * @returns what no restore excuses
   */
  async finish(): Promise<Extract<Verdict, { kind: "alarm" }> | undefined> {
    const comparison = this.#comparison;
    if (comparison === undefined) return undefined;
    const verdict = judgeEnd(comparison, this.#same);
    this.stop();
    if (verdict.kind === "alarm") return verdict;
    if (verdict.kind === "same") await this.#keep(comparison);
    else if (!(await this.#cut(comparison, () => true)))
      return { kind: "alarm", seq: this.#same + 1, code: "rolled_back" };
    return undefined;
  }

  async #keep({ restores }: Comparison): Promise<void> {
    const { store, suite, log } = this.#deps;
    const { state } = log;
    const last = restores.at(-1);
    if (state === undefined || last === undefined) return;
    const after = await store.transact((transaction) =>
      saveApplied(transaction, suite, log.id, state, last.number),
    );
    await this.#applied(after);
  }

  /** Goes back to the last event that both have. Whatever came after it is not in the server's log. */
  async #cut(
    { restores }: Comparison,
    continues: (state: ConversationState) => boolean,
  ): Promise<boolean> {
    const { store, log } = this.#deps;
    const { state } = log;
    if (state === undefined) return false;
    const after = this.#same;
    const changed = await store.transact((transaction) =>
      rewind(this.#deps, transaction, log.id, state, { restores, after }, continues),
    );
    if (changed !== undefined) await this.#applied(changed);
    return changed !== undefined;
  }

  async #applied(state: ConversationState): Promise<void> {
    this.stop();
    this.#deps.log.advance(state);
    await this.#deps.onApplied();
  }
}
