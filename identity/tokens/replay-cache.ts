import { FairShares, type Holder, type ShareLimits } from "../../policies/fair-shares.ts";
import { IdentityError } from "../identity-error.ts";

/** Remembers used proofs, so that each one is accepted once. */
export interface UsedProofs {
  /**
   * Marks `key` as used.
   * @param owner the account whose proof it is
   * @throws IdentityError proof_reused, if it was used within the window; overloaded, if the owner's
   *   share of the memory is used up
   */
  use(key: string, nowMs: number, owner: Holder): Promise<void> | void;
}

export const proofReused = (): IdentityError =>
  new IdentityError("proof_reused", "This proof was used before; each request needs its own.");

/** Used proofs that a node remembers in one window, and the shares of a tenant and of an account. */
const LIMITS: ShareLimits = { node: 100_000, tenant: 25_000, account: 2_000 };

/**
 * Remembers used proofs in the memory of this process, for at least `windowMs`. It keeps two
 * generations and drops the older one when its window is over. So its memory is bounded. Each
 * tenant and each account has a share of it, so that none can fill the space of others.
 */
export class ReplayCache implements UsedProofs {
  readonly #windowMs: number;
  readonly #limits: ShareLimits;
  #older = new Set<string>();
  #newer = new Set<string>();
  /** Entries in the newer generation, by their owners. */
  #owned: FairShares;
  #turnedAtMs = Number.NEGATIVE_INFINITY;

  /** @param limits the entries in a generation */
  constructor(windowMs: number, limits = LIMITS) {
    this.#windowMs = windowMs;
    this.#limits = limits;
    this.#owned = new FairShares(limits);
  }

  use(key: string, nowMs: number, owner: Holder): void {
    const ageMs = nowMs - this.#turnedAtMs;
    if (ageMs >= this.#windowMs) {
      this.#older = ageMs < 2 * this.#windowMs ? this.#newer : new Set();
      this.#newer = new Set();
      this.#owned = new FairShares(this.#limits);
      this.#turnedAtMs = nowMs;
    }
    if (this.#newer.has(key) || this.#older.has(key)) throw proofReused();
    if (this.#owned.take(owner) !== undefined)
      throw new IdentityError("overloaded", "Too many requests at once; try again in a minute.");
    this.#newer.add(key);
  }
}
