import type { Uuid } from "../../crypto/wire/uuid.ts";
import { RecentUse } from "../../policies/recent-use.ts";
import { charge, fullBucket, type Bucket } from "../../policies/token-bucket.ts";

/**
 * The milliseconds of the event loop that the frames of a tenant may take beside others: in each second,
 * and at once. It is enough for some ten thousand frames a second.
 */
const RATE = { perSecond: 250, burst: 100 };
/** A tenant that takes less than this part of the event loop is never slowed. */
const LIGHT = 0.2;
/** The longest pause, in milliseconds. */
const LONGEST_MS = 30_000;

/**
 * Divides the time of the event loop among tenants. A tenant whose frames take more of it than those
 * of the others is read from later. Nothing is refused. A tenant that is alone is not slowed.
 */
export class LoopShares {
  readonly #monotonic: () => number;
  readonly #use: RecentUse;
  readonly #buckets = new Map<Uuid, Bucket>();

  /** @param monotonic returns milliseconds of a monotonic clock */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
    this.#use = new RecentUse(monotonic());
  }

  /**
   * Counts the time that a frame took.
   * @returns for how many milliseconds the socket should not be read from
   */
  count(tenant: Uuid, ms: number): number {
    const now = this.#monotonic();
    for (const idle of this.#use.spend(tenant, ms, now)) this.#buckets.delete(idle);
    const bucket = this.#buckets.get(tenant) ?? fullBucket(RATE, now);
    this.#buckets.set(tenant, bucket);
    const waitMs = charge(bucket, ms, now);
    if (this.#use.isHeavy(tenant, LIGHT, now)) return Math.min(waitMs, LONGEST_MS);
    // What is taken while nobody else needs it is not owed later.
    bucket.tokens = Math.max(bucket.tokens, 0);
    return 0;
  }
}
