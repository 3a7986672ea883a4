import { KeysError } from "../keys-error.ts";

/** Remembers used proofs, so that each one is accepted once. */
export interface UsedProofs {
  /**
   * Marks `key` as used.
   * @param owner the user of the key; undefined if the sender has not authenticated
   * @throws KeysError proof_reused, if it was used within the window; overloaded, if there is no
   *   room to remember it
   */
  use(key: string, nowMs: number, owner?: string): Promise<void> | void;
}

export const proofReused = (): KeysError =>
  new KeysError("proof_reused", "This proof was used before; each request needs its own.");

/**
 * Remembers used proofs in the memory of this process, for at least `windowMs`. It keeps two
 * generations and drops the older one when its window is over. So its memory is bounded.
 */
export class ReplayCache implements UsedProofs {
  readonly #windowMs: number;
  readonly #capacity: number;
  readonly #share: number;
  #older = new Set<string>();
  #newer = new Set<string>();
  /** Number of entries in the newer generation, by owner. */
  #owned = new Map<string, number>();
  #turnedAtMs = Number.NEGATIVE_INFINITY;

  /**
   * @param capacity maximum number of entries in a generation; `use` refuses more
   * @param share maximum number of these entries for one owner
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
