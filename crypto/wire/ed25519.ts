import { copyOf } from "./bytes.ts";

/**
 * Says whether `signature` (64 bytes) over `message` is by `publicKey` (32 bytes): Ed25519, RFC 8032.
 * Returns false for anything malformed.
 */
export type VerifyEd25519 = (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean;

/** The order of the base point, RFC 8032 section 5.1, as 32 little-endian bytes. */
const ORDER = bytesOf("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
/** The prime 2^255 - 19 of the field. */
const PRIME = bytesOf("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");

/** The y coordinates of the eight points whose order divides 8. Two points share some of them. */
const SMALL_ORDER = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
].map(bytesOf);

/**
 * Returns whether 32 bytes can be a public key here: the point is in its one encoding, and its
 * order is not small. Under a key of small order, one signature holds for every message and needs
 * no private key.
 */
export function isEd25519Key(publicKey: Uint8Array): boolean {
  return publicKey.length === 32 && isSoundPoint(publicKey);
}

/**
 * Returns whether 64 bytes can be a signature here: both halves in their one encoding, and R not of
 * small order.
 */
export function isEd25519Signature(signature: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  return isSoundPoint(signature.subarray(0, 32)) && isBelow(signature.subarray(32), ORDER);
}

/**
 * Makes every platform's verifier accept the same signatures. OpenSSL, libsodium and noble differ about
 * keys and R of small order and about encodings. What remains is the equation without cofactor
 * (`[S]B = R + [k]A`), which `verify` must check.
 */
export function strictEd25519(verify: VerifyEd25519): VerifyEd25519 {
  return (publicKey, message, signature) =>
    isEd25519Key(publicKey) &&
    isEd25519Signature(signature) &&
    verify(publicKey, message, signature);
}

function isSoundPoint(encoded: Uint8Array): boolean {
  const y = copyOf(encoded);
  y[31] = (y[31] ?? 0) & 0x7f;
  return (
    isBelow(y, PRIME) && !SMALL_ORDER.some((small) => small.every((byte, at) => byte === y[at]))
  );
}

/** Compares little-endian numbers of the same length. They are public, so time need not be constant. */
function isBelow(number: Uint8Array, limit: Uint8Array): boolean {
  for (let at = limit.length - 1; at >= 0; at--) {
    const difference = (number[at] ?? 0) - (limit[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
