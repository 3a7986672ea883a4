import type { Uuid } from "../../crypto/wire/uuid.ts";

/** The tenant and the data subject that a key belongs to. */
export interface Owned {
  readonly tenant: Uuid;
  readonly subject: Uuid;
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
 * How long a cached value may be used before it is read from the keystore again, in milliseconds.
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
 * first.
 */
export class KeyCache<T extends Owned> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #capacity: number;
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
    this.#capacity = capacity;
    this.#lifetimes = lifetimes;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(name: string): T | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    const { heardMs, deafMs } = this.#lifetimes;
    const now = this.#monotonic();
    const isOver = now - entry.sinceMs >= heardMs;
    // The entry stays. If no notification was missed, it can be used again once notifications
    // arrive.
    if (!isOver && now - entry.atMs >= deafMs && !this.#hears()) return undefined;
    this.#entries.delete(name);
    if (isOver) return undefined;
    this.#entries.set(name, entry);
    return entry.value;
  }

  /**
   * Returns a value within its lifetime, and the time of its unwrapping, without checking for
   * missed notifications. Use it only after you have read from the keystore that it is still the
   * same.
   */
  unconfirmed(name: string): { readonly value: T; readonly sinceMs: number } | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    return this.#monotonic() - entry.sinceMs < this.#lifetimes.heardMs ? entry : undefined;
  }

  /**
   * @param atMs time at which the read from the keystore began
   * @param sinceMs time of the unwrapping, if it was earlier
   */
  set(name: string, value: T, atMs: number, sinceMs = atMs): void {
    this.#entries.delete(name);
    this.#entries.set(name, { value, atMs, sinceMs });
    if (this.#entries.size <= this.#capacity) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  /** Drops every entry that is too old, including those that nobody requests. */
  dropOld(): void {
    const bornAfterMs = this.#monotonic() - this.#lifetimes.heardMs;
    for (const [name, { sinceMs }] of this.#entries)
      if (sinceMs <= bornAfterMs) this.#entries.delete(name);
  }

  dropSubject(tenant: Uuid, subject: Uuid): void {
    for (const [name, { value }] of this.#entries)
      if (value.subject === subject && value.tenant === tenant) this.#entries.delete(name);
  }

  clear(): void {
    this.#entries.clear();
  }
}
