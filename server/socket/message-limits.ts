import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { isStaff } from "../../policies/actor.ts";
import { FairCache } from "../../policies/fair-cache.ts";
import { bucketAt, takeFrom, type Bucket, type BucketRate } from "../../policies/token-bucket.ts";
import type { AuthenticatedHello } from "./handshake.ts";
import { memoryLimits } from "../limits.ts";

/** Messages at once and per second, for one bucket of each kind. */
export interface MessageRates {
  /** The rate of a customer's device. */
  readonly device: BucketRate;
  /** The rate of a device of an agent, a supervisor, an admin or a bot. */
  readonly staffDevice: BucketRate;
  readonly account: BucketRate;
  readonly tenant: BucketRate;
}

/** Returns the rates that hold in a tenant now. */
export type RatesOf = (tenant: TenantId) => MessageRates;

/** Returns rates in which `ofTenant` stands for the tenant's, unless it is undefined. */
export const withTenantRate = (
  rates: MessageRates,
  ofTenant: BucketRate | undefined,
): MessageRates => (ofTenant === undefined ? rates : { ...rates, tenant: ofTenant });

/** Conversations begun, at once and per second. */
export interface ConversationRates {
  /** The rate of one customer. */
  readonly customer: BucketRate;
  /** The rate of all customers of a tenant. */
  readonly tenant: BucketRate;
}

/**
 * Returns the same limits for conversations that are begun. Devices of one account share its rate.
 */
export const creationRates = ({ customer, tenant }: ConversationRates): MessageRates => ({
  device: customer,
  staffDevice: customer,
  account: customer,
  tenant,
});

/** The facts about a sender that the limits need. */
export type Sending = Pick<AuthenticatedHello["actor"], "tenant" | "user" | "device" | "role">;

/**
 * Decides whether a device may send a message now. It answers at once, because it is asked for
 * every message. An implementation that shares counts between nodes keeps a copy of them. It fails
 * open.
 */
export interface MessageLimits {
  /** @returns 0 after counting the message, or the milliseconds to wait without counting it */
  take(actor: Sending): number;
}

/** Lists the buckets that a message of `actor` counts against, and how each fills. */
export const bucketsOf = (
  actor: Sending,
  { device, staffDevice, account, tenant }: MessageRates,
): readonly (readonly [owner: Uuid, rate: BucketRate])[] => [
  [actor.device, isStaff(actor.role) ? staffDevice : device],
  [actor.user, account],
  [actor.tenant, tenant],
];

/** Limits in this process's memory. */
export class LocalMessageLimits implements MessageLimits {
  readonly #ratesOf: RatesOf;
  readonly #now: () => number;
  readonly #buckets = new FairCache<Bucket>(memoryLimits.messageBuckets);

  /** @param now returns milliseconds of a monotonic clock */
  constructor(ratesOf: RatesOf, now: () => number) {
    this.#ratesOf = ratesOf;
    this.#now = now;
  }

  take(actor: Sending): number {
    const nowMs = this.#now();
    const buckets = bucketsOf(actor, this.#ratesOf(actor.tenant)).map(([owner, rate]) =>
      this.#bucket(actor.tenant, owner, rate, nowMs),
    );
    return takeFrom(buckets, nowMs);
  }

  #bucket(tenant: TenantId, owner: Uuid, rate: BucketRate, nowMs: number): Bucket {
    const known = this.#buckets.get(tenant, owner);
    const bucket = bucketAt(known, rate, nowMs);
    if (bucket !== known) this.#buckets.set(tenant, owner, bucket);
    return bucket;
  }
}
