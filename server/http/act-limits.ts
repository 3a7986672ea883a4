import { fullBucket, takeFrom, type Bucket, type BucketRate } from "../../policies/token-bucket.ts";
import { HttpError } from "./http-error.ts";
import { memoryLimits } from "../limits.ts";

/** Audited requests of one account: how many at once, and how many per second. */
export interface ActRates {
  readonly customer: BucketRate;
  /** The rate of an agent, a supervisor, an admin, a bot, an auditor or an API key. */
  readonly staff: BucketRate;
}

/** The account that makes a request, or the API key. */
export interface Requester {
  readonly account: string;
  readonly rate: keyof ActRates;
}

/**
 * Limits how many audited requests each account makes on this node. So it limits how many entries an
 * account writes into the audit log, which is permanent.
 */
export class ActLimits {
  readonly #rates: ActRates;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** @param now returns milliseconds of a monotonic clock */
  constructor(rates: ActRates, now: () => number) {
    this.#rates = rates;
    this.#now = now;
  }

  /**
   * Counts one request.
   * @throws HttpError rate_limited
   */
  take(by: Requester): void {
    const nowMs = this.#now();
    const waitMs = takeFrom([this.#bucket(by, nowMs)], nowMs);
    if (waitMs === 0) return;
    const seconds = Math.max(1, Math.ceil(waitMs / 1000));
    throw new HttpError("rate_limited", `Too many requests; try again in ${seconds} s.`, {
      retryAfterSeconds: seconds,
    });
  }

  #bucket({ account, rate }: Requester, nowMs: number): Bucket {
    const known = this.#buckets.get(account);
    if (known !== undefined) return known;
    const made = fullBucket(this.#rates[rate], nowMs);
    this.#buckets.set(account, made);
    if (this.#buckets.size > memoryLimits.accounts) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return made;
  }
}
