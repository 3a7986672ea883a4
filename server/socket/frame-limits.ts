import type { UserId } from "../../crypto/wire/ids.ts";
import { charge, fullBucket, type Bucket, type BucketRate } from "../../policies/token-bucket.ts";
import { memoryLimits } from "../limits.ts";

/** The rates of frames of any kind that the sockets of one account may send to this node. */
export interface FrameRates {
  readonly frames: BucketRate;
  readonly bytes: BucketRate;
}

interface Buckets {
  readonly frames: Bucket;
  readonly bytes: Bucket;
}

/**
 * Limits the work that the frames of one account are, so that they do not occupy the event loop. An
 * account over its limit is read from later, and nothing is refused.
 */
export class FrameLimits {
  readonly #rates: FrameRates;
  readonly #monotonic: () => number;
  readonly #accounts = new Map<UserId, Buckets>();

  /** @param monotonic returns milliseconds of a monotonic clock */
  constructor(rates: FrameRates, monotonic: () => number) {
    this.#rates = rates;
    this.#monotonic = monotonic;
  }

  /**
   * Counts a frame of `bytes`.
   * @returns for how many milliseconds the account's socket should not be read from
   */
  count(user: UserId, bytes: number): number {
    const nowMs = this.#monotonic();
    const buckets = this.#accounts.get(user) ?? this.#begin(user, nowMs);
    return Math.max(charge(buckets.frames, 1, nowMs), charge(buckets.bytes, bytes, nowMs));
  }

  #begin(user: UserId, nowMs: number): Buckets {
    const { frames, bytes } = this.#rates;
    const buckets = { frames: fullBucket(frames, nowMs), bytes: fullBucket(bytes, nowMs) };
    this.#accounts.set(user, buckets);
    const [oldest] = this.#accounts.keys();
    if (this.#accounts.size > memoryLimits.accounts && oldest !== undefined)
      this.#accounts.delete(oldest);
    return buckets;
  }
}
