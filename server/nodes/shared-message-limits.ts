import type { Uuid } from "../../crypto/wire/uuid.ts";
import { isSameRate, type BucketRate } from "../../policies/token-bucket.ts";
import type { Closers } from "../closers.ts";
import {
  bucketsOf,
  LocalMessageLimits,
  type MessageLimits,
  type RatesOf,
  type Sending,
} from "../socket/message-limits.ts";
import type { RedisClient } from "./redis-client.ts";
import { spendShared, type LimitName, type Spent } from "./spend-shared.ts";

/** The time between two comparisons of counts. */
const EVERY_MS = 500;

/**
 * This node's limits, shared with other nodes over Redis if there is one.
 * @param name separates limits of the same owners
 */
export function createMessageLimits(
  name: LimitName,
  ratesOf: RatesOf,
  redis: RedisClient | undefined,
  closers: Closers,
): MessageLimits {
  const monotonic = () => performance.now();
  const local = new LocalMessageLimits(ratesOf, monotonic);
  if (redis === undefined) return local;
  const shared = new SharedMessageLimits({
    name,
    local,
    ratesOf,
    redis,
    monotonic,
    everyMs: EVERY_MS,
  });
  closers.add(async () => shared.close());
  return shared;
}

/** The number of buckets that one request to Redis compares. */
const PER_QUESTION = 500;

/** An owner whose bucket in Redis is empty, by the clock of `monotonic`. */
interface Blocked {
  readonly untilMs: number;
  readonly rate: BucketRate;
}

export interface SharedMessageLimitsDeps {
  readonly name: LimitName;
  /** This node's own limits. They hold in every state of Redis. */
  readonly local: MessageLimits;
  readonly ratesOf: RatesOf;
  readonly redis: RedisClient;
  /** Milliseconds of a monotonic clock. */
  readonly monotonic: () => number;
  /** Milliseconds between two comparisons with the other nodes. */
  readonly everyMs: number;
}

/**
 * Limits that all nodes share over Redis. A message is admitted at once, by this node's own count
 * and the result of the last comparison. The next comparison reports what was sent since. A sender
 * on several nodes may therefore exceed a limit by the amount of one interval. While Redis is away,
 * the limit holds on each node separately: it fails open.
 */
export class SharedMessageLimits implements MessageLimits {
  readonly #deps: SharedMessageLimitsDeps;
  readonly #blocked = new Map<Uuid, Blocked>();
  readonly #timer: NodeJS.Timeout;
  #spent = new Map<Uuid, Spent>();
  #comparing = false;

  constructor(deps: SharedMessageLimitsDeps) {
    this.#deps = deps;
    this.#timer = setInterval(() => void this.#compare(), deps.everyMs).unref();
  }

  take(actor: Sending): number {
    const { local, ratesOf, monotonic } = this.#deps;
    const buckets = bucketsOf(actor, ratesOf(actor.tenant));
    if (this.#blocked.size > 0) {
      const untilMs = Math.max(
        ...buckets.map(([owner, rate]) => this.#blockedUntilMs(owner, rate)),
      );
      const waitMs = Math.ceil(untilMs - monotonic());
      if (waitMs > 0) return waitMs;
    }
    const waitMs = local.take(actor);
    if (waitMs > 0) return waitMs;
    for (const [owner, rate] of buckets) {
      const spent = this.#spent.get(owner);
      if (spent === undefined || !isSameRate(spent.rate, rate))
        this.#spent.set(owner, { rate, messages: 1 });
      else spent.messages++;
    }
    return 0;
  }

  /** A change of the rate ends the block, because Redis then counts by another rate. */
  #blockedUntilMs(owner: Uuid, rate: BucketRate): number {
    const blocked = this.#blocked.get(owner);
    return blocked !== undefined && isSameRate(blocked.rate, rate) ? blocked.untilMs : 0;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #compare(): Promise<void> {
    const nowMs = this.#deps.monotonic();
    for (const [owner, { untilMs }] of this.#blocked)
      if (untilMs <= nowMs) this.#blocked.delete(owner);
    if (this.#comparing) return;
    this.#comparing = true;
    const spent = [...this.#spent];
    this.#spent = new Map();
    for (let from = 0; from < spent.length; from += PER_QUESTION)
      // Counts that could not be reported are forgotten. This node's own limits have counted them.
      await this.#tell(spent.slice(from, from + PER_QUESTION)).catch(() => undefined);
    this.#comparing = false;
  }

  async #tell(spent: readonly (readonly [Uuid, Spent])[]): Promise<void> {
    const { name, redis, monotonic } = this.#deps;
    if (!redis.isReady) return;
    const waits = await spendShared(redis, name, spent);
    const nowMs = monotonic();
    for (const [index, [owner, { rate }]] of spent.entries()) {
      const waitMs = waits[index] ?? 0;
      if (waitMs > 0) this.#blocked.set(owner, { untilMs: nowMs + waitMs, rate });
    }
  }
}
