import type { Clock } from "../runtime.ts";

/** A little more than the minute for which the server stores one report. */
const REPORT_EVERY_MS = 65_000;

/**
 * Reports to the server that a person did something, so that the session does not end as idle: the first act at once,
 * and those of the next minute together at its end.
 */
export class PersonActivity {
  readonly #clock: Clock;
  readonly #report: () => Promise<unknown>;
  #hasActed = false;
  #cancel: (() => void) | undefined;

  /** @param report may reject: the next act reports again */
  constructor(clock: Clock, report: () => Promise<unknown>) {
    this.#clock = clock;
    this.#report = report;
  }

  acted(): void {
    this.#hasActed = true;
    if (this.#cancel === undefined) this.#send();
  }

  stop(): void {
    this.#cancel?.();
  }

  #send(): void {
    this.#cancel = undefined;
    if (!this.#hasActed) return;
    this.#hasActed = false;
    this.#cancel = this.#clock.after(REPORT_EVERY_MS, () => this.#send());
    this.#report().catch(() => undefined);
  }
}
