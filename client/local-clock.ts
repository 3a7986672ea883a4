import type { Clock } from "./runtime.ts";

/**
 * A clock that no server sets and that never goes back. It begins at the time of the device's own
 * clock and advances with it, so that it counts the time that the machine sleeps. If that clock is
 * set back or stands still, it advances with the platform's monotonic clock.
 *
 * Security timers use it: the age of sending keys and prekeys, the hourly reading of the own key
 * log, and deadlines for proofs. After a restart it begins with the device's own clock again. Its
 * users treat a time in the future as an unknown age.
 */
export class LocalClock implements Clock {
  readonly #clock: Clock;
  readonly #monotonic: () => number;
  #nowMs: number;
  #wallMs: number;
  #monotonicMs: number;

  /** @param monotonic milliseconds that never decrease, from any start */
  constructor(clock: Clock, monotonic: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#monotonic = monotonic;
    this.#wallMs = clock.now();
    this.#nowMs = this.#wallMs;
    this.#monotonicMs = monotonic();
  }

  now(): number {
    const [wallMs, monotonicMs] = [this.#clock.now(), this.#monotonic()];
    this.#nowMs += Math.max(0, wallMs - this.#wallMs, monotonicMs - this.#monotonicMs);
    [this.#wallMs, this.#monotonicMs] = [wallMs, monotonicMs];
    return Math.floor(this.#nowMs);
  }

  after(ms: number, callback: () => void): () => void {
    return this.#clock.after(ms, callback);
  }
}
