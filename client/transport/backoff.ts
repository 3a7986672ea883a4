/** The delays between attempts to connect, in milliseconds. */
export interface BackoffLimits {
  readonly baseMs: number;
  readonly capMs: number;
  /** A connection that lasted this long counts as a success. */
  readonly stableMs: number;
  /**
   * The first wait between checks for the preferred transport while a fallback is in use. The waits
   * grow.
   */
  readonly upgradeMs: number;
}

export const defaultBackoff: BackoffLimits = {
  baseMs: 250,
  capMs: 20_000,
  stableMs: 10_000,
  upgradeMs: 30_000,
};

/**
 * Exponential backoff with full jitter. Each wait is a uniform choice between 0 and the ceiling, so
 * that clients that lost their relay at the same moment do not return at the same moment.
 */
export class Backoff {
  readonly #limits: Omit<BackoffLimits, "upgradeMs">;
  readonly #random: () => number;
  #failures = 0;

  constructor(limits: Omit<BackoffLimits, "upgradeMs">, random: () => number) {
    this.#limits = limits;
    this.#random = random;
  }

  /**
   * Returns the time to wait after a connection that lasted `livedMs`. Pass 0 if there was none.
   */
  nextMs(livedMs: number): number {
    const { baseMs, capMs, stableMs } = this.#limits;
    if (livedMs >= stableMs) this.#failures = 0;
    const ceiling = Math.min(capMs, baseMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 30);
    return this.#random() * ceiling;
  }
}
