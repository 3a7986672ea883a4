import { FairQueue } from "../../policies/fair-queue.ts";
import type { Holder } from "../../policies/fair-shares.ts";

/**
 * Calls functions one at a time, with some time between them. Tenants take turns, and so do the accounts
 * of a tenant. A call when none was due for that time happens at once.
 */
export class SpacedCalls {
  readonly #everyMs: number;
  readonly #queue = new FairQueue<() => void>();
  #isResting = false;

  /** @param everyMs the time between two calls, in milliseconds */
  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  add(holder: Holder, call: () => void): void {
    this.#queue.push(holder, call);
    if (!this.#isResting) this.#callNext();
  }

  #callNext(): void {
    const call = this.#queue.take();
    this.#isResting = call !== undefined;
    if (call === undefined) return;
    setTimeout(() => this.#callNext(), this.#everyMs).unref();
    call();
  }
}
