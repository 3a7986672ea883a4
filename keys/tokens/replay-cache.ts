import { KeysError } from "../keys-error.ts";

/** Remembers what was used, so that it is used once. */
export interface UsedProofs {
  /**
   * Marks `key` as used. @param owner who uses it; undefined when nobody has shown to be anyone.
   * @throws KeysError proof_reused, when it was within the window; overloaded, when there is no room
   *   to remember it: then nothing is accepted rather than everything.
   */
  use(key: string, nowMs: number, owner?: string): Promise<void> | void;
}

export const proofReused = (): KeysError =>
  new KeysError("proof_reused", "This proof was used before; each request needs its own.");

/**
 * In this process's memory, for at least `windowMs`. Two generations: the older one is dropped whole
 * when its window is over, so memory is bounded whoever sends what.
 */
export class ReplayCache implements UsedProofs {
  readonly #windowMs: number;
  readonly #capacity: number;
  readonly #share: number;
  #older = new Set<string>();
  #newer = new Set<string>();
  /** How much of the newer generation is whose. */
  #owned = new Map<string, number>();
  #turnedAtMs = Number.NEGATIVE_INFINITY;

  /**
   * @param capacity entries in each generation; past that, `use` refuses.
   * @param share of those, how many one owner may take.
   */
  constructor(windowMs: number, capacity = 100_000, share = 2_000) {
    this.#windowMs = windowMs;
    this.#capacity = capacity;
    this.#share = share;
  }

  use(key: string, nowMs: number, owner?: string): void {
    const age = nowMs - this.#turnedAtMs;
    if (age >= this.#windowMs) {
      this.#older = age < 2 * this.#windowMs ? this.#newer : new Set();
      this.#newer = new Set();
      this.#owned = new Map();
      this.#turnedAtMs = nowMs;
    }
    if (this.#newer.has(key) || this.#older.has(key)) throw proofReused();
    const owned = owner === undefined ? 0 : (this.#owned.get(owner) ?? 0);
    if (this.#newer.size >= this.#capacity || owned >= this.#share)
      throw new KeysError("overloaded", "Too many requests at once; try again in a minute.");
    this.#newer.add(key);
    if (owner !== undefined) this.#owned.set(owner, owned + 1);
  }
}
