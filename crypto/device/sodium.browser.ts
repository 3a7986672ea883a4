/**
 * The browser's version of `sodium.ts`, made from the noble libraries. The functions and their
 * results are the same, and a test compares the two. The package's `browser` table selects it.
 */
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { equalBytes as equalInConstantTime } from "@noble/ciphers/utils.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 as nobleSha256, sha512 as nobleSha512 } from "@noble/hashes/sha2.js";
import { bytesToNumberLE } from "@noble/curves/utils.js";
import { strictEd25519 } from "../wire/ed25519.ts";
import type { HmacSha256, Sha256 } from "../wire/event.ts";
import { concat, equalBytes } from "../wire/bytes.ts";
import type { ExchangeKeyPair, Signer, SigningKeyPair } from "./sodium.ts";

export type { ExchangeKeyPair, Signer, SigningKeyPair } from "./sodium.ts";

/** There is nothing to wait for in a browser. */
export const ready: Promise<void> = Promise.resolve();

export const sha256: Sha256 = (input) => nobleSha256(input);

export const sha512 = (input: Uint8Array): Uint8Array => nobleSha512(input);

/**
 * HMAC-SHA-256, RFC 2104.
 * @throws Error if the key does not have 32 bytes
 */
export const hmacSha256: HmacSha256 = (key, input) => {
  if (key.length !== 32) throw new Error("The key has 32 bytes.");
  return hmac(nobleSha256, key, input);
};

/** Returns `length` bytes from the platform's cryptographic generator. */
export const randomBytes = (length: number): Uint8Array =>
  crypto.getRandomValues(new Uint8Array(length));

/** Compares tags, commitments and secrets. If the lengths are equal, it does not exit early. */
export const equalSecret = (a: Uint8Array, b: Uint8Array): boolean => equalInConstantTime(a, b);

/** Overwrites a secret with zeros. */
export const zeroise = (secret: Uint8Array): void => void secret.fill(0);

export const generateSigningKey = (): SigningKeyPair => signingKeyFromSeed(randomBytes(32));

/** Returns the key pair of a 32-byte seed, RFC 8032 section 5.1.5. */
export function signingKeyFromSeed(seed: Uint8Array): SigningKeyPair {
  const publicKey = ed25519.getPublicKey(seed);
  return { publicKey, privateKey: concat(seed, publicKey) };
}

export function generateExchangeKey(): ExchangeKeyPair {
  const privateKey = randomBytes(32);
  return { privateKey, publicKey: x25519.getPublicKey(privateKey) };
}

/**
 * X25519, RFC 7748.
 * @throws Error if the result is zeros: the public key is of low order
 */
export const exchange = (privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array =>
  x25519.getSharedSecret(privateKey, publicKey);

/** @returns an Ed25519 signature, 64 bytes */
export const sign = (message: Uint8Array, privateKey: Uint8Array): Uint8Array =>
  ed25519.sign(message, privateKey.subarray(0, 32));

/** PKCS #8 of an Ed25519 key up to its seed of 32 bytes, RFC 8410 section 7. */
const pkcs8Head = Uint8Array.of(48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32);

/**
 * Returns a signer for a key that signs often. WebCrypto signs where it knows Ed25519, with a key that
 * nothing can read. Other browsers, and pages without a secure context, sign with `sign`. You may wipe the
 * private key afterwards.
 */
export async function createSigner(privateKey: Uint8Array): Promise<Signer> {
  const key = await importedKey(privateKey.subarray(0, 32));
  if (key !== undefined)
    return async (message) =>
      new Uint8Array(await crypto.subtle.sign("Ed25519", key, Uint8Array.from(message)));
  const own = privateKey.slice();
  return async (message) => sign(message, own);
}

/** Returns undefined if the platform does not know Ed25519. */
async function importedKey(seed: Uint8Array): Promise<CryptoKey | undefined> {
  // The one copy of the seed, which is wiped below.
  const pkcs8 = new Uint8Array(pkcs8Head.length + seed.length);
  pkcs8.set(pkcs8Head);
  pkcs8.set(seed, pkcs8Head.length);
  try {
    return await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
  } catch {
    // Without a secure context there is no `subtle`, and calling it is an error, too.
    return undefined;
  } finally {
    zeroise(pkcs8);
  }
}

/** Returns false for anything that is not this key's signature, including malformed input. */
export const verifySignature = (
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean => verify(publicKey, message, signature);

const verify = strictEd25519(
  (publicKey, message, signature) =>
    ed25519.verify(signature, message, publicKey, { zip215: false }) &&
    holdsWithoutCofactor(message, signature, publicKey),
);

/**
 * RFC 8032 allows a verifier to multiply its equation by 8. noble does that; libsodium and OpenSSL
 * do not. With a key that has a component of small order, somebody could make signatures that only
 * some verifiers accept. So this function checks the equation as libsodium and OpenSSL do: `R =
 * [S]B - [k]A`.
 */
function holdsWithoutCofactor(
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  const { Point } = ed25519;
  const encodedR = signature.subarray(0, 32);
  const s = bytesToNumberLE(signature.subarray(32));
  const k = bytesToNumberLE(nobleSha512(concat(encodedR, publicKey, message)));
  const a = Point.fromBytes(publicKey).negate();
  const r = Point.BASE.multiplyUnsafe(s).add(a.multiplyUnsafe(Point.Fn.create(k)));
  return equalBytes(r.toBytes(), encodedR);
}

/** The lengths of key, nonce and tag of XChaCha20-Poly1305-IETF, in bytes. */
export const aeadSizes = { key: 32, nonce: 24, tag: 16 } as const;

export const aeadSeal = (
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  associatedData: Uint8Array,
): Uint8Array => xchacha20poly1305(key, nonce, associatedData).encrypt(plaintext);

/** @throws Error if the ciphertext is not authentic */
export const aeadOpen = (
  key: Uint8Array,
  nonce: Uint8Array,
  ciphertext: Uint8Array,
  associatedData: Uint8Array,
): Uint8Array => xchacha20poly1305(key, nonce, associatedData).decrypt(ciphertext);
