import type { UserId } from "../../crypto/wire/ids.ts";
import { isStaff, type Actor } from "../../policies/actor.ts";
import { fullBucket, takeFrom, type Bucket, type BucketRate } from "../../policies/token-bucket.ts";
import { HttpError } from "./http-error.ts";
import { memoryLimits } from "../limits.ts";

/** Audited requests of one account: how many at once, and how many per second. */
export interface ActRates {
  readonly customer: BucketRate;
  /** The rate of an agent, a supervisor, an admin, a bot or an auditor. */
  readonly staff: BucketRate;
}

/**
 * Limits how many audited requests each account makes on this node. So it limits how many entries an
 * account writes into the audit log, which is permanent.
 */
export class ActLimits {
  readonly #rates: ActRates;
  readonly #now: () => number;
  readonly #buckets = new Map<UserId, Bucket>();

  /** @param now returns milliseconds of a monotonic clock */
  constructor(rates: ActRates, now: () => number) {
    this.#rates = rates;
    this.#now = now;
  }

  /**
   * Counts one request.
   * @throws HttpError rate_limited
   */
  take({ user, role }: Pick<Actor, "user" | "role">): void {
    const nowMs = this.#now();
    const waitMs = takeFrom([this.#bucket(user, role, nowMs)], nowMs);
    if (waitMs === 0) return;
    const seconds = Math.max(1, Math.ceil(waitMs / 1000));
    throw new HttpError("rate_limited", `Too many requests; try again in ${seconds} s.`, {
      retryAfterSeconds: seconds,
    });
  }

  #bucket(user: UserId, role: Actor["role"], nowMs: number): Bucket {
    const known = this.#buckets.get(user);
    if (known !== undefined) return known;
    const made = fullBucket(this.#rates[isStaff(role) ? "staff" : "customer"], nowMs);
    this.#buckets.set(user, made);
    if (this.#buckets.size > memoryLimits.accounts) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return made;
  }
}
