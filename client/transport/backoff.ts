/** How long to wait between attempts to connect, in milliseconds. */
export interface BackoffLimits {
  readonly baseMs: number;
  readonly capMs: number;
  /** A connection that lasted so long counts as a success. */
  readonly stableMs: number;
  /** At first, between looks for a WebSocket while there is only HTTP; they become rarer. */
  readonly climbMs: number;
}

export const defaultBackoff: BackoffLimits = {
  baseMs: 250,
  capMs: 20_000,
  stableMs: 10_000,
  climbMs: 30_000,
};

/**
 * Exponential backoff with full jitter: a uniform choice from nothing to the ceiling, so that
 * clients that lost their relay at one moment do not come back at one moment.
 */
export class Backoff {
  readonly #limits: Omit<BackoffLimits, "climbMs">;
  readonly #random: () => number;
  #failures = 0;

  constructor(limits: Omit<BackoffLimits, "climbMs">, random: () => number) {
    this.#limits = limits;
    this.#random = random;
  }

  /** The time to wait after a connection that lived for `livedMs`; 0 when there was none. */
  nextMs(livedMs: number): number {
    const { baseMs, capMs, stableMs } = this.#limits;
    if (livedMs >= stableMs) this.#failures = 0;
    const ceiling = Math.min(capMs, baseMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 30);
    return this.#random() * ceiling;
  }
}
