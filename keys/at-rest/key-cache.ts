import type { Uuid } from "../../crypto/wire/uuid.ts";

/** Whose a key is. */
export interface Owned {
  readonly tenant: Uuid;
  readonly subject: Uuid;
}

/** What decides whether something that was just read may be remembered. */
export interface Freshness {
  /** Grows whenever keys are dropped: what was read before that may be among them. */
  readonly generation: () => number;
  readonly monotonic: () => number;
}

interface Entry<T> {
  readonly value: T;
  /** When it was last read from the keystore. */
  readonly atMs: number;
  /** When it was unwrapped. */
  readonly sinceMs: number;
}

/** How long, in milliseconds, what was read from the keystore may be used before it is read again. */
export interface Lifetimes {
  /** While destructions are heard of. */
  readonly heardMs: number;
  /** While they might not be. */
  readonly deafMs: number;
}

export const defaultLifetimes: Lifetimes = { heardMs: 5 * 60_000, deafMs: 900 };

/** Keys in memory: so many, so long, the least recently used dropped first. */
export class KeyCache<T extends Owned> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #capacity: number;
  readonly #monotonic: () => number;
  readonly #hears: () => boolean;
  readonly #lifetimes: Lifetimes;

  /** @param hears whether a destruction elsewhere would be heard of here */
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
    // Kept while deaf: if nothing was missed, it serves again once destructions are heard of.
    if (!isOver && now - entry.atMs >= deafMs && !this.#hears()) return undefined;
    this.#entries.delete(name);
    if (isOver) return undefined;
    this.#entries.set(name, entry);
    return entry.value;
  }

  /**
   * What was unwrapped not too long ago, and when: to be used only by whoever has just read from the
   * keystore that it is the same still.
   */
  unconfirmed(name: string): { readonly value: T; readonly sinceMs: number } | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    return this.#monotonic() - entry.sinceMs < this.#lifetimes.heardMs ? entry : undefined;
  }

  /**
   * @param atMs when reading it from the keystore began
   * @param sinceMs when it was unwrapped, if that was earlier
   */
  set(name: string, value: T, atMs: number, sinceMs = atMs): void {
    this.#entries.delete(name);
    this.#entries.set(name, { value, atMs, sinceMs });
    if (this.#entries.size <= this.#capacity) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  /** Lets go of what is too old to be used, also of what nobody asks for. */
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
