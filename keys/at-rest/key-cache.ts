import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { FairCache } from "../../policies/fair-cache.ts";

/** The tenant and the data subject that a key belongs to. */
export interface Owned {
  readonly tenant: TenantId;
  readonly subject: UserId;
}

/** Decides whether a value that was just read may be cached. */
export interface Freshness {
  /**
   * Increases whenever keys are dropped. A value that was read before the increase may be one of
   * them.
   */
  readonly generation: () => number;
  readonly monotonic: () => number;
}

interface Entry<T> {
  readonly value: T;
  /** Time of the last read from the keystore. */
  readonly atMs: number;
  /** Time of the unwrapping. */
  readonly sinceMs: number;
}

/**
 * The time for which a cached value may be used before it is read from the keystore again, in
 * milliseconds.
 */
export interface Lifetimes {
  /** While notifications of destroyed keys arrive. */
  readonly heardMs: number;
  /** While notifications of destroyed keys may not arrive. */
  readonly deafMs: number;
}

export const defaultLifetimes: Lifetimes = { heardMs: 5 * 60_000, deafMs: 900 };

/**
 * Caches keys in memory with a limited size and lifetime. The least recently used key is dropped
 * first, and a tenant with many keys cannot push out those of others.
 */
export class KeyCache<T extends Owned> {
  readonly #entries: FairCache<Entry<T>>;
  readonly #monotonic: () => number;
  readonly #hears: () => boolean;
  readonly #lifetimes: Lifetimes;

  /** @param hears returns whether notifications of keys that other nodes destroyed arrive */
  constructor(
    monotonic: () => number,
    hears: () => boolean,
    capacity = 10_000,
    lifetimes = defaultLifetimes,
  ) {
    this.#monotonic = monotonic;
    this.#hears = hears;
    this.#entries = new FairCache(capacity);
    this.#lifetimes = lifetimes;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(tenant: TenantId, name: string): T | undefined {
    const entry = this.#entries.peek(tenant, name);
    if (entry === undefined) return undefined;
    const { heardMs, deafMs } = this.#lifetimes;
    const nowMs = this.#monotonic();
    const isOver = nowMs - entry.sinceMs >= heardMs;
    // The entry stays. If no notification was missed, it can be used again once notifications
    // arrive.
    if (!isOver && nowMs - entry.atMs >= deafMs && !this.#hears()) return undefined;
    if (isOver) this.#entries.delete(tenant, name);
    return this.#entries.get(tenant, name)?.value;
  }

  /**
   * Returns a value within its lifetime, and the time of its unwrapping, without checking for
   * missed notifications. Use it only after you have read from the keystore that it is still the
   * same.
   */
  unconfirmed(
    tenant: TenantId,
    name: string,
  ): { readonly value: T; readonly sinceMs: number } | undefined {
    const entry = this.#entries.peek(tenant, name);
    if (entry === undefined) return undefined;
    return this.#monotonic() - entry.sinceMs < this.#lifetimes.heardMs ? entry : undefined;
  }

  /**
   * @param atMs time at which the read from the keystore began
   * @param sinceMs time of the unwrapping, if it was earlier
   */
  set(name: string, value: T, atMs: number, sinceMs = atMs): void {
    this.#entries.set(value.tenant, name, { value, atMs, sinceMs });
  }

  /** Drops every entry that is too old, even if it is not requested. */
  dropOld(): void {
    const bornAfterMs = this.#monotonic() - this.#lifetimes.heardMs;
    this.#entries.deleteWhere(({ sinceMs }) => sinceMs <= bornAfterMs);
  }

  dropSubject(tenant: TenantId, subject: UserId): void {
    this.#entries.deleteWhere(({ value }) => value.subject === subject, tenant);
  }

  clear(): void {
    this.#entries.clear();
  }
}
