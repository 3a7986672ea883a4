import { availableParallelism } from "node:os";
import { FairQueue } from "../../policies/fair-queue.ts";
import { FairShares, type Holder, type ShareLimits } from "../../policies/fair-shares.ts";
import { RecentUse } from "../../policies/recent-use.ts";
import { OverloadError } from "./overload-error.ts";
import { SHARED_ACCOUNT } from "./requester.ts";

/** How many may work at the same time, and how many may wait for how long. */
export interface SemaphoreOptions {
  /** `tenant` and `account` are less than `node`, so that others find a place at once. */
  readonly places: ShareLimits;
  /**
   * What is left of these places to whoever held more than half of this lately, and more than the
   * others on average.
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

const WAITING: ShareLimits = { node: 20_000, tenant: 5_000, account: 200 };
const PATIENCE_MS = 10_000;

/**
 * Divides `places` so that a tenant leaves a third of them to others, and an account a third of its
 * tenant's. A tenant that uses more than others gets half of what is served in parallel, and an
 * account a quarter.
 * @param parallel how many the resource serves at once before each takes longer
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
 * A semaphore that tenants share. Whoever waits is served in turn: first by tenant, then by account.
 * A tenant never holds all places, and few while it uses more than the others. So a tenant that
 * floods a node waits for itself. The others find a place, and the work of the flood slows them little.
 */
export class FairSemaphore {
  readonly #options: SemaphoreOptions;
  readonly #queue = new FairQueue<Waiting>();
  /** The server's own work. It goes first. */
  readonly #own: (() => void)[] = [];
  readonly #waiting: FairShares;
  readonly #use = new RecentUse();
  readonly #byTenant = new Map<string, number>();
  readonly #byAccount = new Map<string, number>();
  #busy = 0;

  constructor(options: SemaphoreOptions) {
    this.#options = options;
    this.#waiting = new FairShares(options.waiting);
  }

  /**
   * Waits for a place.
   * @param holder who the work is for; undefined for the server's own work
   * @returns a function that returns the place; call it once
   * @throws OverloadError overloaded
   */
  async enter(holder: Holder | undefined): Promise<Leave> {
    if (this.#hasPlace(holder)) this.#admit(holder);
    else if (holder === undefined) await new Promise<void>((admit) => this.#own.push(admit));
    else await this.#wait(holder);
    const enteredMs = this.#options.monotonic();
    return () => this.#leave(holder, enteredMs);
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

  async #wait(holder: Holder): Promise<void> {
    // What several accounts wait for together is bounded by what each of them may request.
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
      });
    } finally {
      if (isCounted) this.#waiting.release(holder);
    }
  }

  #hasPlace(holder: Holder | undefined): boolean {
    if (this.#busy >= this.#options.places.node) return false;
    if (holder === undefined) return true;
    const nowMs = this.#options.monotonic();
    const held = this.#byTenant.get(holder.tenant) ?? 0;
    if (held > 0 && held >= this.#placesOfTenant(holder, nowMs)) return false;
    if (holder.account === SHARED_ACCOUNT) return true;
    const own = this.#byAccount.get(keyOf(holder)) ?? 0;
    return own === 0 || own < this.#placesOfAccount(holder, nowMs);
  }

  #placesOfTenant({ tenant }: Holder, nowMs: number): number {
    const { places, heavy } = this.#options;
    const isHeavy = this.#use.isHeavyTenant(tenant, heavy.tenant / 2, nowMs);
    return (isHeavy ? heavy : places).tenant;
  }

  #placesOfAccount(holder: Holder, nowMs: number): number {
    const { places, heavy } = this.#options;
    const isHeavy = this.#use.isHeavyAccount(holder, heavy.account / 2, nowMs);
    return (isHeavy ? heavy : places).account;
  }

  #admit(holder: Holder | undefined): void {
    this.#busy++;
    if (holder === undefined) return;
    add(this.#byTenant, holder.tenant, 1);
    add(this.#byAccount, keyOf(holder), 1);
  }

  #leave(holder: Holder | undefined, enteredMs: number): void {
    this.#busy--;
    if (holder !== undefined) {
      const nowMs = this.#options.monotonic();
      this.#use.add(holder, nowMs - enteredMs, nowMs);
      add(this.#byTenant, holder.tenant, -1);
      add(this.#byAccount, keyOf(holder), -1);
    }
    this.#serve();
  }

  #serve(): void {
    while (this.#busy < this.#options.places.node) {
      const admit = this.#own.shift();
      const next =
        admit === undefined
          ? this.#queue.take((holder) => this.#hasPlace(holder))
          : { admit, holder: undefined };
      if (next === undefined) return;
      this.#admit(next.holder);
      next.admit();
    }
  }
}

const keyOf = ({ tenant, account }: Holder): string => `${tenant} ${account}`;

function add(counts: Map<string, number>, key: string, change: number): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
