import type { TenantId } from "../../crypto/wire/ids.ts";
import { RecentUse } from "../../policies/recent-use.ts";
import { charge, fullBucket, type Bucket } from "../../policies/token-bucket.ts";

/**
 * The milliseconds of the event loop that the frames of a tenant may take beside others: in each second,
 * and at once. It is enough for some ten thousand frames a second.
 */
const RATE = { perSecond: 250, burst: 50 };
/** What reading a frame from the network takes before it is decoded, in milliseconds. */
const READ_MS = 0.002;
/** What a request takes of the event loop, in milliseconds. Most of its time it waits for the database. */
const REQUEST_MS = 1;
/** The longest pause, in milliseconds. */
const LONGEST_MS = 30_000;
/**
 * The least time in milliseconds for which the sockets of a tenant that owes time are not read
 * from: in all, and for each socket.
 */
const HOLD_MS = { atLeast: 40, perSocket: 0.1 };

/** A socket that can be held: it is not read from until it is released. */
export interface Holdable {
  hold(): void;
  release(): void;
}

interface Tenant {
  readonly sockets: Set<Holdable>;
  release: NodeJS.Timeout | undefined;
}

/**
 * Divides the time of the event loop among tenants. A tenant whose frames take more of it than those
 * of the others is read from later. Nothing is refused. A tenant that is alone is not slowed.
 */
export class LoopShares {
  readonly #monotonic: () => number;
  readonly #use: RecentUse<TenantId>;
  readonly #buckets = new Map<TenantId, Bucket>();
  readonly #tenants = new Map<TenantId, Tenant>();

  /** @param monotonic returns milliseconds of a monotonic clock */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
    this.#use = new RecentUse(monotonic());
  }

  /**
   * Adds a socket, which is held while its tenant owes much time.
   * @returns a function that removes it
   */
  join(tenant: TenantId, socket: Holdable): () => void {
    const joined = this.#tenants.get(tenant) ?? { sockets: new Set(), release: undefined };
    this.#tenants.set(tenant, joined);
    joined.sockets.add(socket);
    if (joined.release !== undefined) socket.hold();
    return () => {
      joined.sockets.delete(socket);
      if (joined.sockets.size > 0) return;
      clearTimeout(joined.release);
      this.#tenants.delete(tenant);
    };
  }

  /** Counts a request over HTTP. It is not delayed, and its tenant is one of those that divide the time. */
  countRequest(tenant: TenantId): void {
    this.#spend(tenant, REQUEST_MS, this.#monotonic());
  }

  /**
   * Counts the time that decoding and serving a frame took.
   * @returns for how many milliseconds the socket should not be read from
   */
  count(tenant: TenantId, ms: number): number {
    const nowMs = this.#monotonic();
    const takenMs = ms + READ_MS;
    this.#spend(tenant, takenMs, nowMs);
    const bucket = this.#buckets.get(tenant) ?? fullBucket(RATE, nowMs);
    this.#buckets.set(tenant, bucket);
    const waitMs = Math.min(charge(bucket, takenMs, nowMs), LONGEST_MS);
    if (waitMs > 0 && this.#use.isHeavy(tenant, 0, nowMs)) {
      this.#holdAll(tenant, waitMs);
      return waitMs;
    }
    // Forgives the debt of a tenant that does not use more than the others.
    bucket.tokens = Math.max(bucket.tokens, 0);
    return 0;
  }

  #spend(tenant: TenantId, ms: number, nowMs: number): void {
    for (const idle of this.#use.spend(tenant, ms, nowMs)) this.#buckets.delete(idle);
  }

  /**
   * Holds all sockets of the tenant. One turn of the event loop reads from every socket that has bytes, and
   * one read of the smallest frames takes ten milliseconds.
   */
  #holdAll(tenant: TenantId, waitMs: number): void {
    const joined = this.#tenants.get(tenant);
    if (joined === undefined || joined.release !== undefined) return;
    const ms = Math.max(waitMs, HOLD_MS.atLeast, HOLD_MS.perSocket * joined.sockets.size);
    joined.release = setTimeout(() => {
      joined.release = undefined;
      for (const socket of joined.sockets) socket.release();
    }, ms).unref();
    for (const socket of joined.sockets) socket.hold();
  }
}
