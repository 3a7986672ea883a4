import type { Holder } from "./fair-shares.ts";

/** Over how long use is averaged, in milliseconds. */
const AVERAGED_MS = 2_000;
/** Who did nothing for this long is no longer active, in milliseconds. */
const ACTIVE_MS = 10_000;
/** Averages that differ by less are equal. */
const TOLERANCE = 1.05;

/**
 * How many places of a shared resource each tenant and account held on average, over the last two
 * seconds or so. Times are milliseconds of a clock that never goes back.
 */
export class RecentUse {
  readonly #tenants = new Averages();
  readonly #accounts = new Map<string, Averages>();

  /**
   * Records that the holder had one place for `heldMs`, until now.
   * @returns the tenants that are no longer active and forgotten
   */
  add({ tenant, account }: Holder, heldMs: number, nowMs: number): readonly string[] {
    const forgotten = this.#tenants.add(tenant, heldMs, nowMs);
    for (const each of forgotten) this.#accounts.delete(each);
    const accounts = this.#accounts.get(tenant) ?? new Averages();
    this.#accounts.set(tenant, accounts);
    accounts.add(account, heldMs, nowMs);
    return forgotten;
  }

  /** Whether the tenant held more than `places`, and more than the active tenants on average. */
  isHeavyTenant(tenant: string, places: number, nowMs: number): boolean {
    return this.#tenants.isHeavy(tenant, places, nowMs);
  }

  /** The same for an account among those of its tenant. */
  isHeavyAccount({ tenant, account }: Holder, places: number, nowMs: number): boolean {
    return this.#accounts.get(tenant)?.isHeavy(account, places, nowMs) ?? false;
  }
}

/** An average that fades with time. */
class Average {
  #value = 0;
  usedAtMs = 0;

  /** One place that was held all the time makes 1. */
  add(heldMs: number, nowMs: number): void {
    this.#value = this.at(nowMs) + 1 - Math.exp(-heldMs / AVERAGED_MS);
    this.usedAtMs = nowMs;
  }

  at(nowMs: number): number {
    return this.#value * Math.exp((this.usedAtMs - nowMs) / AVERAGED_MS);
  }
}

class Averages {
  /** Whoever used the resource last is last. */
  readonly #each = new Map<string, Average>();
  readonly #all = new Average();

  /** @returns who is no longer active */
  add(name: string, heldMs: number, nowMs: number): string[] {
    const average = this.#each.get(name) ?? new Average();
    this.#each.delete(name);
    this.#each.set(name, average);
    for (const each of [average, this.#all]) each.add(heldMs, nowMs);
    return this.#forget(nowMs - ACTIVE_MS);
  }

  isHeavy(name: string, places: number, nowMs: number): boolean {
    const own = this.#each.get(name)?.at(nowMs) ?? 0;
    return own > places && own * this.#each.size > this.#all.at(nowMs) * TOLERANCE;
  }

  #forget(beforeMs: number): string[] {
    const forgotten: string[] = [];
    for (const [name, { usedAtMs }] of this.#each) {
      if (usedAtMs >= beforeMs) break;
      this.#each.delete(name);
      forgotten.push(name);
    }
    return forgotten;
  }
}
