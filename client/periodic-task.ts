import type { Clock } from "./runtime.ts";

/**
 * The time between two looks at the clock. A longer timer would stand still while the machine
 * sleeps.
 */
const tickMs = 60_000;
/** The time after which a failed run is repeated. */
const retryMs = 5 * 60_000;

/**
 * Runs work when it starts and then at intervals of the local clock, also over many starts. After a
 * run that succeeded, another start does not run the work before the interval is over.
 */
export class PeriodicTask {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #work: () => Promise<void>;
  #dueAtMs = Number.NEGATIVE_INFINITY;
  #hasFailed = false;
  #cancel: () => void = () => undefined;

  /** @param work if it rejects, it runs again at the next start, or after five minutes */
  constructor(localClock: Clock, everyMs: number, work: () => Promise<void>) {
    this.#clock = localClock;
    this.#everyMs = everyMs;
    this.#work = work;
  }

  start(): void {
    this.stop();
    if (this.#hasFailed) this.#dueAtMs = Number.NEGATIVE_INFINITY;
    this.#tick();
  }

  stop(): void {
    this.#cancel();
  }

  #tick(): void {
    const nowMs = this.#clock.now();
    if (nowMs >= this.#dueAtMs) {
      this.#dueAtMs = nowMs + this.#everyMs;
      this.#hasFailed = false;
      this.#work().catch(() => {
        this.#hasFailed = true;
        this.#dueAtMs = this.#clock.now() + retryMs;
      });
    }
    const waitMs = Math.max(1, Math.min(tickMs, this.#dueAtMs - nowMs));
    this.#cancel = this.#clock.after(waitMs, () => this.#tick());
  }
}
