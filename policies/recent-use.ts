/** Over how long use is averaged, in milliseconds. */
const AVERAGED_MS = 2_000;
/** The time without use after which a user is no longer active, in milliseconds. */
const ACTIVE_MS = 5_000;
/** Averages that differ by less are equal. */
const TOLERANCE = 1.05;

/** The amount that a user holds now, and held on average over about the last two seconds. */
class Use {
  held = 0;
  #average = 0;
  #settledAtMs: number;

  constructor(nowMs: number) {
    this.#settledAtMs = nowMs;
  }

  /**
   * @param taken units that were held until now and are not in `held`, multiplied by the
   *   milliseconds
   */
  change(by: number, taken: number, nowMs: number): void {
    this.#average = this.average(nowMs) + taken / AVERAGED_MS;
    this.#settledAtMs = nowMs;
    this.held += by;
  }

  average(nowMs: number): number {
    const kept = Math.exp((this.#settledAtMs - nowMs) / AVERAGED_MS);
    return this.#average * kept + this.held * (1 - kept);
  }

  isIdleSince(ms: number): boolean {
    return this.held === 0 && this.#settledAtMs < ms;
  }
}

/**
 * Tracks the amount of a shared resource that each of several users held lately. A user is a
 * tenant, or an account of one. Times are milliseconds of a clock that never goes back.
 */
export class RecentUse<User extends string = string> {
  /** The users in the order of their last use, the latest last. */
  readonly #users = new Map<User, Use>();
  readonly #all: Use;

  constructor(nowMs: number) {
    this.#all = new Use(nowMs);
  }

  /** Returns how much the user holds now. */
  heldBy(user: User): number {
    return this.#users.get(user)?.held ?? 0;
  }

  /**
   * Records that the user holds `by` more from now on.
   * @returns the users that are no longer active, which are forgotten
   */
  change(user: User, by: number, nowMs: number): readonly User[] {
    return this.#record(user, by, 0, nowMs);
  }

  /**
   * Records that the user held one unit for `ms`, until now.
   * @returns the users that are no longer active, which are forgotten
   */
  spend(user: User, ms: number, nowMs: number): readonly User[] {
    return this.#record(user, 0, ms, nowMs);
  }

  /** Returns whether the user held more than `most`, and more than the active users on average. */
  isHeavy(user: User, most: number, nowMs: number): boolean {
    const own = this.#users.get(user)?.average(nowMs) ?? 0;
    return own > most && own * this.#users.size > this.#all.average(nowMs) * TOLERANCE;
  }

  #record(user: User, by: number, taken: number, nowMs: number): User[] {
    const use = this.#users.get(user) ?? new Use(nowMs);
    this.#users.delete(user);
    this.#users.set(user, use);
    for (const each of [use, this.#all]) each.change(by, taken, nowMs);
    return this.#forget(nowMs);
  }

  #forget(nowMs: number): User[] {
    const forgotten: User[] = [];
    for (const [user, use] of this.#users) {
      if (!use.isIdleSince(nowMs - ACTIVE_MS)) break;
      this.#users.delete(user);
      forgotten.push(user);
    }
    return forgotten;
  }
}
