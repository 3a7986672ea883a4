import { utf8 } from "../../crypto/wire/bytes.ts";

/**
 * SHA-256 of the bytes, 32 bytes. Use `node:crypto` or libsodium. WebCrypto is too slow for single
 * leaves.
 */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

export const HASH_BYTES = 32;

/** RFC 9162 section 2.1.1: `SHA-256(0x00 || entry)`. */
export function leafHash(sha256: Sha256, entry: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + entry.length);
  bytes.set(entry, 1);
  return sha256(bytes);
}

/** RFC 9162 section 2.1.1: `SHA-256(0x01 || left || right)`. */
export function nodeHash(sha256: Sha256, left: Uint8Array, right: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + 2 * HASH_BYTES);
  bytes[0] = 1;
  bytes.set(left, 1);
  bytes.set(right, 1 + HASH_BYTES);
  return sha256(bytes);
}

/** Returns the root of a tree without leaves: SHA-256 of the empty string. */
export const emptyRoot = (sha256: Sha256): Uint8Array => sha256(utf8(""));

/**
 * Returns the largest power of two below `size`, which is at least 2. RFC 9162 splits a tree there.
 */
export function splitPoint(size: number): number {
  let point = 1;
  while (point * 2 < size) point *= 2;
  return point;
}

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
