import type { DeviceStore } from "../../crypto/device/store.ts";
import type { Suite } from "../../crypto/device/suite.ts";
import type { Head } from "../../crypto/wire/frame.ts";
import type { ConversationParts } from "../conversation/conversation-parts.ts";
import type { ConversationState } from "../conversation/state.ts";
import { isTransient } from "../errors.ts";
import type { KeyLog } from "../key-log/key-log.ts";
import { sleep, type Clock } from "../runtime.ts";
import { planComparison } from "./plan.ts";
import { saveApplied } from "./rewind.ts";

export interface RestoreCheckDeps {
  readonly store: DeviceStore;
  readonly suite: Pick<Suite, "rotate">;
  readonly clock: Clock;
  readonly keyLog: Pick<KeyLog, "periods" | "refresh">;
}

const attempts = 3;
const retryMs = 1_000;

/**
 * Decides at the beginning of a connection which conversations must be compared with the server's,
 * because the server was restored from a backup.
 */
export class RestoreCheck {
  readonly #deps: RestoreCheckDeps;
  #isSuspicious = false;

  constructor(deps: RestoreCheckDeps) {
    this.#deps = deps;
  }

  /**
   * Notes that the log of a conversation is inconsistent. The next connection asks whether it was
   * restored.
   */
  suspect(): void {
    this.#isSuspicious = true;
  }

  /**
   * Returns whether the server has forgotten something, as far as its welcome tells.
   * @param cursorOf the last event that the store has
   */
  hasForgotten(
    heads: readonly Head[],
    cursorOf: (conversation: Head["conversation"]) => number,
  ): boolean {
    // Returns whether the relay's head or the acknowledged event is before the store's last event.
    // The relay stores acknowledgements with a delay, so this is only a reason to ask.
    const isShort = ({ conversation, seq, acknowledged }: Head) =>
      Math.min(seq, acknowledged) < cursorOf(conversation);
    return this.#isSuspicious || heads.some(isShort);
  }

  /** Returns whether a restore that this device accepted is not applied to the conversation yet. */
  isDue(state: ConversationState | undefined): boolean {
    const newest = this.#deps.keyLog.periods.at(-1)?.number ?? 0;
    return state !== undefined && state.restores < newest;
  }

  /**
   * Asks the key log whether the server was restored.
   * @returns unknown if the server does not answer now. Then ask again on another connection, and judge
   *   nothing before.
   */
  async ask(signal: AbortSignal): Promise<"answered" | "unknown"> {
    const { keyLog, clock } = this.#deps;
    for (let attempt = 1; !signal.aborted && attempt <= attempts; attempt++)
      try {
        await keyLog.refresh();
        this.#isSuspicious = false;
        return "answered";
      } catch (error) {
        // A key log that cannot be accepted excuses nothing.
        if (!isTransient(error)) return "answered";
        if (attempt < attempts) await sleep(clock, retryMs, signal);
      }
    return "unknown";
  }

  /**
   * Begins the comparison of a conversation, if it is due.
   * @param head undefined if the relay does not list the conversation
   * @param signal aborts when the connection is lost. Nothing begins then.
   * @returns the last event that the relay need not send; undefined if nothing is compared
   */
  async begin(
    { log, receiver, sender }: ConversationParts,
    head: Head | undefined,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const { store, suite, keyLog } = this.#deps;
    const { state } = log;
    if (state === undefined || !this.isDue(state)) return undefined;
    const { periods } = keyLog;
    const comparison = await store.read((transaction) =>
      planComparison(transaction, log.id, log.state ?? state, periods),
    );
    if (signal.aborted) return undefined;
    if (comparison === undefined) {
      const newest = periods.at(-1)?.number ?? 0;
      const applied = await store.transact((transaction) =>
        saveApplied(transaction, suite, log.id, log.state ?? state, newest),
      );
      log.advance(applied);
      await sender.reload(undefined);
      return undefined;
    }
    if (head === undefined) {
      // The server knows nothing of the conversation, or not that this device is a member.
      if (comparison.anchor > 0 || !state.joined || state.closed) return undefined;
      receiver.comparison.begin(comparison);
      await receiver.comparison.finish();
      return undefined;
    }
    if (head.seq < comparison.anchor) return undefined;
    receiver.comparison.begin(comparison);
    return Math.max(0, comparison.anchor - 1);
  }
}
