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
