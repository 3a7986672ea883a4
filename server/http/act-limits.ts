import type { LimitsOf } from "../../policies/tenant-limits.ts";
import { bucketAt, takeFrom, type Bucket, type BucketRate } from "../../policies/token-bucket.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { HttpError } from "./http-error.ts";
import { memoryLimits } from "../limits.ts";

/** Audited requests on one node: how many at once, and how many per second. */
export interface ActRates {
  /** The rate of all accounts and API keys of a tenant together. */
  readonly tenant: BucketRate;
  /** The rate of a customer's account. */
  readonly customer: BucketRate;
  /** The rate of an agent, a supervisor, an admin, a bot, an auditor or an API key. */
  readonly staff: BucketRate;
}

/** The account that makes a request, or the API key. */
export interface Requester {
  readonly tenant: TenantId;
  readonly account: string;
  readonly rate: "customer" | "staff";
}

/**
 * Limits how many audited requests each account and each tenant make on this node. So it limits how many entries an
 * account writes into the audit log, which is permanent, and no tenant with many accounts takes the node from the others.
 */
export class ActLimits {
  readonly #rates: ActRates;
  readonly #limitsOf: LimitsOf;
  readonly #now: () => number;
  readonly #accounts = new Map<string, Bucket>();
  readonly #tenants = new Map<string, Bucket>();

  /** @param now returns milliseconds of a monotonic clock */
  constructor(rates: ActRates, limitsOf: LimitsOf, now: () => number) {
    this.#rates = rates;
    this.#limitsOf = limitsOf;
    this.#now = now;
  }

  /**
   * Counts one request.
   * @throws HttpError rate_limited
   */
  take(by: Requester): void {
    const nowMs = this.#now();
    const ofTenant = this.#limitsOf(by.tenant).requests ?? this.#rates.tenant;
    const own = bucketIn(this.#accounts, by.account, this.#rates[by.rate], nowMs);
    const shared = bucketIn(this.#tenants, by.tenant, ofTenant, nowMs);
    const waitMs = takeFrom([own, shared], nowMs);
    if (waitMs === 0) return;
    const seconds = Math.max(1, Math.ceil(waitMs / 1000));
    throw new HttpError(
      "rate_limited",
      `Your account or your organisation makes too many requests. Try again in ${seconds} s.`,
      { retryAfterSeconds: seconds },
    );
  }
}

function bucketIn(
  buckets: Map<string, Bucket>,
  of: string,
  rate: BucketRate,
  nowMs: number,
): Bucket {
  const known = buckets.get(of);
  const bucket = bucketAt(known, rate, nowMs);
  if (bucket === known) return known;
  buckets.set(of, bucket);
  if (buckets.size > memoryLimits.accounts) {
    const [oldest] = buckets.keys();
    if (oldest !== undefined) buckets.delete(oldest);
  }
  return bucket;
}
