import type { Control, Deliver, Gap } from "../../crypto/wire/frame.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import { hashAt } from "../conversation/history.ts";
import type { ConversationLog } from "../conversation/log.ts";
import { classifyEvent, type SequenceCheck } from "../conversation/sequence-check.ts";
import type { ConversationState } from "../conversation/state.ts";
import { judgeEnd, judgeEvent, type Comparison, type ComparisonVerdict } from "./judge.ts";
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
  /** The last event whose hash was compared and is the same. */
  #same = 0;
  /** The events that are gone on the server after that event. They cannot be compared. */
  #gaps: readonly Gap[] = [];

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
    this.#gaps = [];
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
      this.#agreed(log.cursor);
      await this.finish();
      return place;
    }
    const kept = await store.read((transaction) => hashAt(transaction, log.id, event.seq));
    const verdict = judgeEvent(comparison, event, kept);
    if (verdict.kind === "alarm") return { kind: "forked" };
    if (verdict.kind === "same") {
      this.#agreed(event.seq);
      onSame(event.seq);
      return place;
    }
    const follows = (state: ConversationState) =>
      classifyEvent(state, event, control, log.self).kind === "next";
    if (await this.#cut(comparison, follows)) return { kind: "next" };
    return place.kind === "known" ? { kind: "forked" } : place;
  }

  /**
   * Handles events that are purged or erased on the server. The device may have them, or others in
   * their place.
   */
  gone(missing: Gap): void {
    if (this.active && missing.to > this.#same) this.#gaps = [...this.#gaps, missing];
  }

  /** Notes that the server has the events up to `seq` as the device has them. */
  #agreed(seq: number): void {
    this.#same = Math.max(this.#same, seq);
    this.#gaps = this.#gaps.filter(({ to }) => to > this.#same);
  }

  /** Returns the last event that is the same or gone. */
  get #reached(): number {
    return Math.max(this.#same, ...this.#gaps.map(({ to }) => to));
  }

  /**
   * Ends the comparison. The server has no more events for now, or its events continue the store's
   * log.
   * @returns a difference that no restore explains
   */
  async finish(): Promise<Extract<ComparisonVerdict, { kind: "alarm" }> | undefined> {
    const comparison = this.#comparison;
    if (comparison === undefined) return undefined;
    const verdict = judgeEnd(comparison, { same: this.#same, reached: this.#reached });
    this.stop();
    if (verdict.kind === "alarm") return verdict;
    if (verdict.kind === "same") await this.#keep(comparison);
    else if (!(await this.#cut(comparison, () => true)))
      return { kind: "alarm", seq: this.#sameOrAnchor(comparison) + 1, code: "rolled_back" };
    return undefined;
  }

  async #keep({ restores }: Comparison): Promise<void> {
    const { store, suite, log } = this.#deps;
    const last = restores.at(-1);
    if (last === undefined) return;
    const after = await store.transact(async (transaction) =>
      log.state === undefined
        ? undefined
        : saveApplied(transaction, suite, log.id, log.state, last.number),
    );
    if (after !== undefined) await this.#applied(after);
  }

  /**
   * Goes back to the last event that both have, and records the events that are gone after it.
   * Other events after it are not in the server's log.
   */
  async #cut(
    comparison: Comparison,
    continues: (state: ConversationState) => boolean,
  ): Promise<boolean> {
    const { store, log } = this.#deps;
    const { restores } = comparison;
    const cut = { restores, after: this.#sameOrAnchor(comparison), gaps: this.#gaps };
    const changed = await store.transact(async (transaction) =>
      log.state === undefined
        ? undefined
        : rewind(this.#deps, transaction, log.id, log.state, cut, continues),
    );
    if (changed !== undefined) await this.#applied(changed);
    return changed !== undefined;
  }

  /** No restore may have lost the anchor. If it is gone on the server now, both had it. */
  #sameOrAnchor({ anchor }: Comparison): number {
    return this.#reached >= anchor ? Math.max(this.#same, anchor) : this.#same;
  }

  async #applied(state: ConversationState): Promise<void> {
    this.stop();
    this.#deps.log.advance(state);
    await this.#deps.onApplied();
  }
}
