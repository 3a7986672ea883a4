import { availableParallelism } from "node:os";
import { FairQueue } from "../../policies/fair-queue.ts";
import { FairShares, type Holder, type ShareLimits } from "../../policies/fair-shares.ts";
import { RecentUse } from "../../policies/recent-use.ts";
import { OverloadError } from "./overload-error.ts";
import { SHARED_ACCOUNT } from "./requester.ts";
import type { Fence } from "../../crypto/wire/ids.ts";

/**
 * The limits of a semaphore: how many pieces of work may run at the same time, how many may wait,
 * and for how long.
 */
export interface SemaphoreOptions {
  /** `tenant` and `account` are less than `node`, so that others find a place at once. */
  readonly places: ShareLimits;
  /**
   * The places of a holder that held more than half of these lately, and more than the others on
   * average.
   */
  readonly heavy: Omit<ShareLimits, "node">;
  readonly waiting: ShareLimits;
  readonly patienceMs: number;
  /** Milliseconds of a clock that never goes back. */
  readonly monotonic: () => number;
}

/** Returns a place. */
export type Leave = () => void;

interface Waiting {
  readonly holder: Holder;
  readonly admit: () => void;
}

interface Place {
  readonly holder: Holder;
  readonly sinceMs: number;
}

const WAITING: ShareLimits = { node: 20_000, tenant: 5_000, account: 200 };
const PATIENCE_MS = 10_000;

/**
 * Divides `places` so that a tenant leaves a third of them to others, and an account a third of its
 * tenant's. A tenant that uses more than others gets half of what is served in parallel, and an
 * account a quarter.
 * @param parallel the number of pieces of work that the resource serves at once before each takes
 *   longer
 */
export function fairPlaces(places: number, parallel = availableParallelism()): SemaphoreOptions {
  const tenant = places - Math.floor(places / 3);
  const account = tenant - Math.floor(tenant / 3);
  const partOf = (part: number, most: number) =>
    Math.min(most, Math.max(1, Math.floor(parallel / part)));
  return {
    places: { node: places, tenant, account },
    heavy: { tenant: partOf(2, tenant), account: partOf(4, account) },
    waiting: WAITING,
    patienceMs: PATIENCE_MS,
    monotonic: () => performance.now(),
  };
}

/**
 * The longest time for which a place that a heavy tenant returned still counts as held, in
 * milliseconds.
 */
const LONGEST_REST_MS = 250;

/**
 * The time in milliseconds after which a place does not keep others of its heavy tenant or account waiting:
 * its work waits for a lock or a disk rather than for a processor.
 */
const LONG_MS = 1_000;

/**
 * The time after which a queue is examined again, because a heavy user may have more places later.
 */
const LOOK_AGAIN_MS = 250;

/**
 * A semaphore that tenants share. Waiting work is served in turn: first by tenant, then by account.
 * A tenant never holds all places, and holds only few while it uses more than the others. So a
 * tenant that floods a node waits for its own work. The others find a place, and the flood slows
 * them little. Work that takes long does not keep its own tenant waiting.
 */
export class FairSemaphore {
  readonly #options: SemaphoreOptions;
  readonly #queue = new FairQueue<Waiting>();
  /** The server's own work. It goes first. */
  readonly #own: (() => void)[] = [];
  readonly #waiting: FairShares;
  readonly #tenants: RecentUse;
  /** The accounts of each tenant that is active. */
  readonly #accounts = new Map<string, RecentUse>();
  /** The places that holders have now, without those that rest. */
  readonly #places = new Set<Place>();
  #busy = 0;
  #lookAgain: NodeJS.Timeout | undefined;

  constructor(options: SemaphoreOptions) {
    this.#options = options;
    this.#waiting = new FairShares(options.waiting);
    this.#tenants = new RecentUse(options.monotonic());
  }

  /**
   * Waits for a place.
   * @param holder the tenant and the account that the work is for; undefined for the server's own
   *   work
   * @returns a function that returns the place; call it once
   * @throws OverloadError overloaded
   */
  async enter(holder: Holder | undefined): Promise<Leave> {
    if (holder === undefined) await this.#enterOwn();
    else await this.#wait(holder);
    const place = holder && { holder, sinceMs: this.#options.monotonic() };
    if (place !== undefined) this.#places.add(place);
    return () => this.#leave(place);
  }

  /** Runs `work` when there is a place. */
  async run<T>(holder: Holder | undefined, work: () => Promise<T>): Promise<T> {
    const leave = await this.enter(holder);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  #enterOwn(): Promise<void> {
    return new Promise((admit) => {
      this.#own.push(admit);
      this.#serve();
    });
  }

  async #wait(holder: Holder): Promise<void> {
    // The waiting work of a shared account is bounded by the limits of each of its accounts.
    const isCounted = holder.account !== SHARED_ACCOUNT;
    if (isCounted && this.#waiting.take(holder) !== undefined)
      throw new OverloadError("Your requests at the same time are too many; try again later.");
    try {
      await new Promise<void>((resolve, reject) => {
        const waiting = { holder, admit };
        const late = setTimeout(() => {
          this.#queue.remove(holder, waiting);
          reject(new OverloadError("The server could not serve this in time; try again later."));
        }, this.#options.patienceMs);
        function admit() {
          clearTimeout(late);
          resolve();
        }
        this.#queue.push(holder, waiting);
        this.#serve();
      });
    } finally {
      if (isCounted) this.#waiting.release(holder);
    }
  }

  #leave(place: Place | undefined): void {
    this.#busy--;
    if (place !== undefined) this.#return(place);
    this.#serve();
  }

  /**
   * Returns a place, which others may have at once. For a tenant that uses more than the others,
   * the place counts as held for as long again, but for at most `LONGEST_REST_MS`. So this tenant
   * leaves the node and the database to others for half of the time.
   */
  #return(place: Place): void {
    const { holder, sinceMs } = place;
    this.#places.delete(place);
    const nowMs = this.#options.monotonic();
    const restMs = Math.min(nowMs - sinceMs, LONGEST_REST_MS);
    this.#record(holder, 0); // forgets who is no longer active
    const isHeavy = this.#tenants.isHeavy(holder.tenant, this.#options.heavy.tenant / 2, nowMs);
    if (!isHeavy || restMs < 1) return this.#record(holder, -1);
    setTimeout(() => {
      this.#record(holder, -1);
      this.#serve();
    }, restMs).unref();
  }

  #record({ tenant, account }: Holder, by: number): void {
    const nowMs = this.#options.monotonic();
    for (const idle of this.#tenants.change(tenant, by, nowMs)) this.#accounts.delete(idle);
    if (account === SHARED_ACCOUNT) return;
    const accounts = this.#accounts.get(tenant) ?? new RecentUse(nowMs);
    this.#accounts.set(tenant, accounts);
    accounts.change(account, by, nowMs);
  }

  #serve(): void {
    clearTimeout(this.#lookAgain);
    while (this.#busy < this.#options.places.node) {
      const admit = this.#own.shift();
      const next = admit === undefined ? this.#next() : { admit, holder: undefined };
      if (next === undefined) break;
      this.#busy++;
      if (next.holder !== undefined) this.#record(next.holder, 1);
      next.admit();
    }
    if (this.#queue.size > 0 && this.#busy < this.#options.places.node)
      this.#lookAgain = setTimeout(() => this.#serve(), LOOK_AGAIN_MS).unref();
  }

  #next(): Waiting | undefined {
    const nowMs = this.#options.monotonic();
    return this.#queue.take(
      (tenant) => this.#mayServeTenant(tenant, nowMs),
      (holder) => this.#mayServeAccount(holder, nowMs),
    );
  }

  #mayServeTenant(tenant: Fence, nowMs: number): boolean {
    const { places, heavy } = this.#options;
    const held = this.#tenants.heldBy(tenant);
    if (held >= places.tenant) return false;
    if (!this.#tenants.isHeavy(tenant, heavy.tenant / 2, nowMs)) return true;
    return held - this.#countLong(nowMs, (holder) => holder.tenant === tenant) < heavy.tenant;
  }

  #mayServeAccount(holder: Holder, nowMs: number): boolean {
    const { tenant, account } = holder;
    if (account === SHARED_ACCOUNT) return true;
    const { places, heavy } = this.#options;
    const accounts = this.#accounts.get(tenant);
    const held = accounts?.heldBy(account) ?? 0;
    if (held >= places.account) return false;
    if (accounts?.isHeavy(account, heavy.account / 2, nowMs) !== true) return true;
    const isOwn = (other: Holder) => other.tenant === tenant && other.account === account;
    return held - this.#countLong(nowMs, isOwn) < heavy.account;
  }

  /** Counts the places of a holder that have been held for long. */
  #countLong(nowMs: number, isOwn: (holder: Holder) => boolean): number {
    let count = 0;
    for (const { holder, sinceMs } of this.#places)
      if (nowMs - sinceMs >= LONG_MS && isOwn(holder)) count++;
    return count;
  }
}
