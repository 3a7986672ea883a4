import type { UserId } from "../../crypto/wire/ids.ts";
import type { KeyLogHead } from "../../crypto/wire/payload.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import { SealdeskError } from "../errors.ts";
import type { Clock } from "../runtime.ts";
import { dropWaiting, loadWaiting, noteTold, type WaitingHead } from "./waiting-heads.ts";

/**
 * A member's head that the server has not proved for an hour to be of the same log as this device's
 * head.
 */
export interface UnconfirmedHead {
  /** The member whose message carried the head. */
  readonly from: UserId;
  /** The number of entries of the log at that head. */
  readonly size: number;
  /** The time when the message came, in milliseconds since the Unix epoch, by the local clock. */
  readonly sinceMs: number;
}

export interface HeardHeadsDeps {
  readonly store: DeviceStore;
  /** The time that this device measures by itself. */
  readonly localClock: Pick<Clock, "now">;
  /**
   * Resolves if the head was proved, or if the log's key did not sign it.
   * @throws SealdeskError key_log_inconsistent, or the reason why the server gave no proof
   */
  readonly compare: (head: KeyLogHead, from: UserId) => Promise<void>;
  /** @returns whether the application heard it. Otherwise it is told again */
  readonly onUnconfirmed: (unconfirmed: UnconfirmedHead) => boolean;
}

/** The time within which a server must prove that a member's head fits. */
const confirmWithinMs = 60 * 60_000;

/**
 * Compares the heads that members' messages carried. A head stops waiting when the server proves
 * it, when it contradicts the log, or when the log's key turns out not to have signed it. After any
 * other answer of the server the head still waits, and the application is told of it after an hour.
 */
export class HeardHeads {
  readonly #deps: HeardHeadsDeps;
  /** Heads that this process has asked about. They are asked about again only by `retry`. */
  readonly #asked = new Set<string>();
  #last: Promise<void> = Promise.resolve();

  constructor(deps: HeardHeadsDeps) {
    this.#deps = deps;
  }

  /** Like `retry`, but compares only the heads that this process has not asked about. */
  compareNew(): Promise<void> {
    return this.#next(async () => {
      await this.#compareAll((waiting) => !this.#asked.has(keyOf(waiting)));
      await this.#tellUnconfirmed();
    });
  }

  /** Compares all heads that wait, and tells the application of those that wait for too long. */
  retry(): Promise<void> {
    return this.#next(async () => {
      await this.#compareAll(() => true);
      await this.#tellUnconfirmed();
    });
  }

  /** Tells the application of heads that wait for too long, if it did not listen before. */
  tell(): Promise<void> {
    return this.#next(() => this.#tellUnconfirmed());
  }

  async #compareAll(isDue: (waiting: WaitingHead) => boolean): Promise<void> {
    const { store, compare } = this.#deps;
    for (const waiting of (await store.read(loadWaiting)).filter(isDue)) {
      this.#asked.add(keyOf(waiting));
      try {
        await compare(waiting.head, waiting.from);
      } catch (error) {
        if (!(error instanceof SealdeskError)) throw error;
        if (error.code !== "key_log_inconsistent") continue;
      }
      this.#asked.delete(keyOf(waiting));
      await store.transact((transaction) => dropWaiting(transaction, waiting));
    }
  }

  async #tellUnconfirmed(): Promise<void> {
    const { store, localClock, onUnconfirmed } = this.#deps;
    const nowMs = localClock.now();
    for (const waiting of await store.read(loadWaiting)) {
      const { head, from, sinceMs, told } = waiting;
      // The age is unknown if the clock was set back.
      const isLate = nowMs - sinceMs >= confirmWithinMs || nowMs < sinceMs;
      if (told || !isLate) continue;
      if (onUnconfirmed({ from, size: head.size, sinceMs }))
        await store.transact((transaction) => noteTold(transaction, waiting));
    }
  }

  #next(work: () => Promise<void>): Promise<void> {
    const next = this.#last.then(work);
    this.#last = next.catch(() => undefined);
    return next;
  }
}

const keyOf = ({ from, head }: WaitingHead): string =>
  `${from} ${head.restores} ${head.size} ${head.root.join()}`;
