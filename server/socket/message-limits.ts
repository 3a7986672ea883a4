import type { Uuid } from "../../crypto/wire/uuid.ts";
import { fullBucket, takeFrom, type Bucket, type BucketRate } from "../../policies/token-bucket.ts";
import type { Greeting } from "./handshake.ts";

/** Messages at once and per second, for one of each kind. */
export interface MessageRates {
  /** A customer's device. */
  readonly device: BucketRate;
  /** A device of an agent, a supervisor, an admin or a bot. */
  readonly staffDevice: BucketRate;
  readonly account: BucketRate;
  readonly tenant: BucketRate;
}

/** Who sends, as far as limits go. */
export type Sending = Pick<Greeting["actor"], "tenant" | "user" | "device" | "role">;

/**
 * Whether a device may send a message now. Answers at once, as it is asked for every message: one
 * that shares its counts among nodes keeps a copy of them. It fails open.
 */
export interface MessageLimits {
  /** @returns 0 and counts the message, or milliseconds to wait and counts nothing */
  take(actor: Sending): number;
}

/** What a message of `actor` counts against: whose bucket, and how it fills. */
export const bucketsOf = (
  actor: Sending,
  { device, staffDevice, account, tenant }: MessageRates,
): readonly (readonly [owner: Uuid, rate: BucketRate])[] => [
  [actor.device, actor.role === "customer" ? device : staffDevice],
  [actor.user, account],
  [actor.tenant, tenant],
];

/** Buckets in use; the oldest are forgotten above it, which lets their owners start afresh. */
const MAX_BUCKETS = 200_000;

/** Limits kept in this process's memory. */
export class LocalMessageLimits implements MessageLimits {
  readonly #rates: MessageRates;
  readonly #now: () => number;
  readonly #buckets = new Map<Uuid, Bucket>();

  /** @param now milliseconds on a clock that never goes back */
  constructor(rates: MessageRates, now: () => number) {
    this.#rates = rates;
    this.#now = now;
  }

  take(actor: Sending): number {
    const now = this.#now();
    const buckets = bucketsOf(actor, this.#rates).map(([owner, rate]) =>
      this.#bucket(owner, rate, now),
    );
    return takeFrom(buckets, now);
  }

  #bucket(owner: Uuid, rate: BucketRate, now: number): Bucket {
    const known = this.#buckets.get(owner);
    if (known !== undefined) return known;
    const made = fullBucket(rate, now);
    this.#buckets.set(owner, made);
    if (this.#buckets.size > MAX_BUCKETS) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return made;
  }
}
