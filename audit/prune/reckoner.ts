const DAY_MS = 86_400_000;
/**
 * The longest silence of a log that counts if no witness vouches for the time. A longer one counts
 * as this.
 */
const MOST_SILENCE_MS = 30 * DAY_MS;

/**
 * The time that a log itself shows to have passed. A clock that goes back counts nothing. A clock
 * that is put forward counts as a silence. If no witness vouches for the time, a silence counts as
 * 30 days at most.
 */
export class Reckoner {
  readonly #nowMs: number;
  readonly #mostMs: number;
  #latestMs: number | undefined;
  #passedMs = 0;

  /** @param isWitnessed whether a witness vouches for `nowMs` */
  constructor(nowMs: number, isWitnessed: boolean) {
    this.#nowMs = nowMs;
    this.#mostMs = isWitnessed ? Number.POSITIVE_INFINITY : MOST_SILENCE_MS;
  }

  /** Returns the latest time of an entry so far. Undefined before the first. */
  get latestMs(): number | undefined {
    return this.#latestMs;
  }

  /** Takes the time of the next entry. @returns how much time has passed since the first entry */
  add(atMs: number): number {
    const countedMs = Math.min(atMs, this.#nowMs);
    const passedMs = Math.max(0, countedMs - (this.#latestMs ?? countedMs));
    this.#passedMs += Math.min(passedMs, this.#mostMs);
    this.#latestMs = Math.max(countedMs, this.#latestMs ?? countedMs);
    return this.#passedMs;
  }

  /** Returns how much time has passed from the first entry until now. */
  untilNow(): number {
    return this.add(this.#nowMs);
  }
}
