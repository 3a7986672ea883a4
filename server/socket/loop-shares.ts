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
 * The milliseconds that the frames of a tenant may take in one turn of the event loop, also if it is alone: in all, and
 * for each socket, because holding a socket takes time too.
 */
const TURN_MS = { atLeast: 25, perSocket: 0.02 };
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
  /** Milliseconds that its frames took in this turn of the event loop. */
  turnMs: number;
  /** While its sockets are held: until when, and what cancels their release. */
  held: { readonly until: "next turn" | "paid"; readonly cancel: () => void } | undefined;
}

/**
 * Divides the time of the event loop among tenants. A tenant whose frames take more of it than those
 * of the others is read from later. Nothing is refused. A tenant that is alone is not slowed, and only lets
 * everything else have its turn.
 */
export class LoopShares {
  readonly #monotonic: () => number;
  readonly #use: RecentUse<TenantId>;
  readonly #buckets = new Map<TenantId, Bucket>();
  readonly #tenants = new Map<TenantId, Tenant>();
  /** The tenants whose frames took time in this turn of the event loop. */
  readonly #inTurn = new Set<Tenant>();

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
    const joined = this.#tenants.get(tenant) ?? newTenant();
    this.#tenants.set(tenant, joined);
    joined.sockets.add(socket);
    if (joined.held !== undefined) socket.hold();
    return () => {
      joined.sockets.delete(socket);
      if (joined.sockets.size > 0) return;
      joined.held?.cancel();
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
    const joined = this.#tenants.get(tenant);
    if (waitMs > 0 && this.#use.isHeavy(tenant, 0, nowMs)) {
      if (joined !== undefined) holdFor(joined, waitMs);
      return waitMs;
    }
    // Forgives the debt of a tenant that does not use more than the others.
    bucket.tokens = Math.max(bucket.tokens, 0);
    if (joined !== undefined) this.#countInTurn(joined, takenMs);
    return 0;
  }

  #spend(tenant: TenantId, ms: number, nowMs: number): void {
    for (const idle of this.#use.spend(tenant, ms, nowMs)) this.#buckets.delete(idle);
  }

  /** Holds all sockets of a tenant whose frames took much of this turn of the event loop, until the next one. */
  #countInTurn(tenant: Tenant, ms: number): void {
    if (this.#inTurn.size === 0) setImmediate(() => this.#endTurn());
    this.#inTurn.add(tenant);
    tenant.turnMs += ms;
    if (tenant.turnMs < Math.max(TURN_MS.atLeast, TURN_MS.perSocket * tenant.sockets.size)) return;
    if (tenant.held !== undefined) return;
    const next = setImmediate(() => release(tenant));
    hold(tenant, { until: "next turn", cancel: () => clearImmediate(next) });
  }

  #endTurn(): void {
    for (const tenant of this.#inTurn) tenant.turnMs = 0;
    this.#inTurn.clear();
  }
}

const newTenant = (): Tenant => ({ sockets: new Set(), turnMs: 0, held: undefined });

/** Holds all sockets of a tenant for `waitMs` or longer. */
function holdFor(tenant: Tenant, waitMs: number): void {
  if (tenant.held?.until === "paid") return;
  tenant.held?.cancel();
  const ms = Math.max(waitMs, HOLD_MS.atLeast, HOLD_MS.perSocket * tenant.sockets.size);
  const timer = setTimeout(() => release(tenant), ms).unref();
  hold(tenant, { until: "paid", cancel: () => clearTimeout(timer) });
}

/**
 * Holds all sockets of a tenant. One turn of the event loop reads from every socket that has bytes, and one read of
 * the smallest frames takes ten milliseconds.
 */
function hold(tenant: Tenant, held: NonNullable<Tenant["held"]>): void {
  tenant.held = held;
  for (const socket of tenant.sockets) socket.hold();
}

function release(tenant: Tenant): void {
  tenant.held = undefined;
  for (const socket of tenant.sockets) socket.release();
}
