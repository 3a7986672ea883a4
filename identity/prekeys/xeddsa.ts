import { ecKeyBytes } from "../../crypto/wire/key-sizes.ts";
import { copyOf, toHex } from "../../crypto/wire/bytes.ts";
import { nodeChecks } from "../../audit/node-checks.ts";

const PRIME = 2n ** 255n - 19n;
/** The first byte of a serialised Curve25519 key. */
export const EC_KEY_TYPE = 0x05;

/**
 * Says whether `signature` (64 bytes) over `message` is by a libsignal identity key: 33 bytes, a type and
 * an X25519 key. This is XEdDSA as libsignal uses it. The key is mapped to its Edwards form (RFC 7748
 * section 4.1), whose sign is the signature's top bit, and the rest is Ed25519.
 */
export function verifyXEdDsa(
  identityKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (signature.length !== 64) return false;
  const publicKey = edwardsKeyOf(identityKey, (signature[63] ?? 0) & 0x80);
  if (publicKey === undefined) return false;
  const plain = copyOf(signature);
  plain[63] = (plain[63] ?? 0) & 0x7f;
  return nodeChecks.verifyEd25519(publicKey, message, plain);
}

/** y = (u - 1) / (u + 1). Undefined for bytes that are no Curve25519 key. */
function edwardsKeyOf(identityKey: Uint8Array, sign: number): Uint8Array | undefined {
  if (identityKey.length !== ecKeyBytes || identityKey[0] !== EC_KEY_TYPE) return undefined;
  const u = BigInt(`0x${toHex(identityKey.subarray(1).toReversed())}`);
  if (u >= PRIME - 1n) return undefined;
  const y = ((u + PRIME - 1n) * inverse(u + 1n)) % PRIME;
  const bytes = Uint8Array.from(Buffer.from(y.toString(16).padStart(64, "0"), "hex")).toReversed();
  bytes[31] = (bytes[31] ?? 0) | sign;
  return bytes;
}

/** Fermat: a^(p - 2). */
function inverse(number: bigint): bigint {
  let result = 1n;
  let base = number;
  for (let exponent = PRIME - 2n; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = (result * base) % PRIME;
    base = (base * base) % PRIME;
  }
  return result;
}
