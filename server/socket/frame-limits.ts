import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { LimitsOf } from "../../policies/tenant-limits.ts";
import {
  bucketAt,
  charge,
  fullBucket,
  type Bucket,
  type BucketRate,
} from "../../policies/token-bucket.ts";
import { memoryLimits } from "../limits.ts";

/** The rates of frames of any kind that sockets may send to this node. */
export interface FrameRates {
  /** The rate of the sockets of one account. */
  readonly frames: BucketRate;
  readonly bytes: BucketRate;
  /** The rate of all sockets of a tenant. */
  readonly tenantBytes: BucketRate;
}

/** The account that sends a frame. */
export interface FrameSender {
  readonly tenant: TenantId;
  readonly user: UserId;
}

interface Buckets {
  readonly frames: Bucket;
  readonly bytes: Bucket;
}

/**
 * Limits the work that the frames of one account and of one tenant are, so that they do not occupy the node. A
 * sender over a limit is read from later, and nothing is refused.
 */
export class FrameLimits {
  readonly #rates: FrameRates;
  readonly #limitsOf: LimitsOf;
  readonly #monotonic: () => number;
  readonly #accounts = new Map<UserId, Buckets>();
  readonly #tenants = new Map<TenantId, Bucket>();

  /** @param monotonic returns milliseconds of a monotonic clock */
  constructor(rates: FrameRates, limitsOf: LimitsOf, monotonic: () => number) {
    this.#rates = rates;
    this.#limitsOf = limitsOf;
    this.#monotonic = monotonic;
  }

  /**
   * Counts a frame of `bytes`.
   * @returns for how many milliseconds the sender's socket should not be read from
   */
  count({ tenant, user }: FrameSender, bytes: number): number {
    const nowMs = this.#monotonic();
    const buckets = this.#accounts.get(user) ?? this.#begin(user, nowMs);
    return Math.max(
      charge(buckets.frames, 1, nowMs),
      charge(buckets.bytes, bytes, nowMs),
      charge(this.#ofTenant(tenant, nowMs), bytes, nowMs),
    );
  }

  #ofTenant(tenant: TenantId, nowMs: number): Bucket {
    const rate = this.#limitsOf(tenant).bytes ?? this.#rates.tenantBytes;
    const known = this.#tenants.get(tenant);
    const bucket = bucketAt(known, rate, nowMs);
    if (bucket !== known) keepAmong(this.#tenants, tenant, bucket);
    return bucket;
  }

  #begin(user: UserId, nowMs: number): Buckets {
    const { frames, bytes } = this.#rates;
    const buckets = { frames: fullBucket(frames, nowMs), bytes: fullBucket(bytes, nowMs) };
    keepAmong(this.#accounts, user, buckets);
    return buckets;
  }
}

/** Above the limit, forgets what was added first. */
function keepAmong<K, V>(known: Map<K, V>, key: K, value: V): void {
  known.set(key, value);
  const [oldest] = known.keys();
  if (known.size > memoryLimits.accounts && oldest !== undefined) known.delete(oldest);
}
