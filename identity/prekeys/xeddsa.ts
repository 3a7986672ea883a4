import { ecKeyBytes } from "../../crypto/wire/key-sizes.ts";
import { copyOf, toHex } from "../../crypto/wire/bytes.ts";
import { nodeChecks } from "../../audit/node-checks.ts";

const PRIME = 2n ** 255n - 19n;
/** The first byte of a serialised Curve25519 key. */
export const EC_KEY_TYPE = 0x05;

/**
 * Returns a verifier of signatures (64 bytes) by a libsignal identity key: 33 bytes, a type and an X25519
 * key. This is XEdDSA as libsignal uses it. The key is mapped to its Edwards form (RFC 7748 section 4.1),
 * whose sign is the signature's top bit, and the rest is Ed25519. Bytes that are no such key verify
 * nothing.
 */
export function xEdDsaVerifier(
  identityKey: Uint8Array,
): (message: Uint8Array, signature: Uint8Array) => boolean {
  const edwards = edwardsKeyOf(identityKey);
  return (message, signature) => {
    if (edwards === undefined || signature.length !== 64) return false;
    const publicKey = copyOf(edwards);
    const plain = copyOf(signature);
    publicKey[31] = (edwards[31] ?? 0) | ((signature[63] ?? 0) & 0x80);
    plain[63] = (signature[63] ?? 0) & 0x7f;
    return nodeChecks.verifyEd25519(publicKey, message, plain);
  };
}

/** y = (u - 1) / (u + 1), with the sign 0. Undefined for bytes that are no Curve25519 key. */
function edwardsKeyOf(identityKey: Uint8Array): Uint8Array | undefined {
  if (identityKey.length !== ecKeyBytes || identityKey[0] !== EC_KEY_TYPE) return undefined;
  const u = BigInt(`0x${toHex(identityKey.subarray(1).toReversed())}`);
  if (u >= PRIME - 1n) return undefined;
  const y = ((u + PRIME - 1n) * inverse(u + 1n)) % PRIME;
  return Uint8Array.from(Buffer.from(y.toString(16).padStart(64, "0"), "hex")).toReversed();
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
