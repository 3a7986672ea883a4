import { performance } from "node:perf_hooks";
import type { Holder } from "../../policies/fair-shares.ts";
import { RecentUse } from "../../policies/recent-use.ts";
import { charge, fullBucket, type Bucket } from "../../policies/token-bucket.ts";

/** The part of the event loop that a tenant's frames may take while it is busy, and at once. */
const RATE = { perSecond: 250, burst: 100 };
/** A tenant that takes less than this part of the event loop is never slowed. */
const LIGHT = 0.2;
/** The longest pause, in milliseconds. */
const LONGEST_MS = 1_000;

export interface LoopSharesDeps {
  /** Milliseconds of a monotonic clock. */
  readonly monotonic: () => number;
  /** Whether the event loop has little time left. */
  readonly isBusy: () => boolean;
}

/**
 * Divides the time of the event loop among tenants. While the loop is busy, a tenant that takes more
 * of it than the others is read from later. Nothing is refused.
 */
export class LoopShares {
  readonly #deps: LoopSharesDeps;
  readonly #use = new RecentUse();
  readonly #buckets = new Map<string, Bucket>();

  constructor(deps: LoopSharesDeps) {
    this.#deps = deps;
  }

  /**
   * Counts the time that a frame took.
   * @returns for how many milliseconds the socket should not be read from
   */
  count(holder: Holder, ms: number): number {
    const now = this.#deps.monotonic();
    for (const tenant of this.#use.add(holder, ms, now)) this.#buckets.delete(tenant);
    const bucket = this.#buckets.get(holder.tenant) ?? fullBucket(RATE, now);
    this.#buckets.set(holder.tenant, bucket);
    const waitMs = charge(bucket, ms, now);
    // A tenant that was alone may owe much. It owes nothing to whoever comes now.
    bucket.tokens = Math.max(bucket.tokens, (-LONGEST_MS * RATE.perSecond) / 1_000);
    if (waitMs === 0 || !this.#use.isHeavyTenant(holder.tenant, LIGHT, now)) return 0;
    return this.#deps.isBusy() ? Math.min(waitMs, LONGEST_MS) : 0;
  }
}

/** The utilization of the event loop above which it is busy, and how often it is read. */
const BUSY = 0.7;
const READ_EVERY_MS = 100;

/** @returns a function that tells whether this process's event loop was busy a moment ago */
export function watchLoop(monotonic: () => number): () => boolean {
  let since = performance.eventLoopUtilization();
  let readAtMs = monotonic();
  let isBusy = false;
  return () => {
    if (monotonic() - readAtMs < READ_EVERY_MS) return isBusy;
    const now = performance.eventLoopUtilization();
    isBusy = performance.eventLoopUtilization(now, since).utilization > BUSY;
    since = now;
    readAtMs = monotonic();
    return isBusy;
  };
}
