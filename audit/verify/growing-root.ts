import { emptyRoot, HASH_BYTES, nodeHash, type Sha256 } from "./tree-hash.ts";

/**
 * The root of a tree that grows leaf by leaf. It keeps only the roots of the complete subtrees,
 * largest first, so memory grows with the depth of the tree.
 */
export class GrowingRoot {
  readonly #sha256: Sha256;
  readonly #peaks: { readonly leaves: number; readonly hash: Uint8Array }[] = [];
  #size = 0;

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  get size(): number {
    return this.#size;
  }

  /** @param leaves how many leaves are under `hash`: a power of two that divides the size so far */
  append(hash: Uint8Array, leaves = 1): void {
    let top = { leaves, hash };
    for (;;) {
      const left = this.#peaks.at(-1);
      if (left === undefined || left.leaves !== top.leaves) break;
      this.#peaks.pop();
      top = { leaves: 2 * top.leaves, hash: nodeHash(this.#sha256, left.hash, top.hash) };
    }
    this.#peaks.push(top);
    this.#size += leaves;
  }

  root(): Uint8Array {
    const last = this.#peaks.at(-1);
    if (last === undefined) return emptyRoot(this.#sha256);
    return this.#peaks
      .slice(0, -1)
      .reduceRight((right, { hash }) => nodeHash(this.#sha256, hash, right), last.hash);
  }
}

/**
 * Returns the root over `hashes`, which are concatenated and 32 bytes each. There must be at least
 * one.
 */
export function rootOf(sha256: Sha256, hashes: Uint8Array): Uint8Array {
  const growing = new GrowingRoot(sha256);
  for (let at = 0; at < hashes.length; at += HASH_BYTES)
    growing.append(hashes.subarray(at, at + HASH_BYTES));
  return growing.root();
}
