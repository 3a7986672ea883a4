import sodium from "libsodium-wrappers-sumo";
import { strictEd25519 } from "../wire/ed25519.ts";
import type { HmacSha256, Sha256 } from "../wire/event.ts";

// The sumo build, because the plain one lacks HMAC-SHA-256 and Argon2id. Browsers use
// `sodium.browser.ts` instead.

/**
 * Resolves when you may call the functions below. A store waits for it when it is opened, and a
 * suite waits before each operation. A top-level await would prevent `require` from loading the
 * SDK.
 */
export const ready: Promise<void> = sodium.ready;

export const sha256: Sha256 = (input) => sodium.crypto_hash_sha256(input);

export const sha512 = (input: Uint8Array): Uint8Array => sodium.crypto_hash_sha512(input);

/**
 * HMAC-SHA-256, RFC 2104. The key must have 32 bytes. Otherwise shorter and zero-padded keys would
 * collide.
 */
export const hmacSha256: HmacSha256 = (key, input) => sodium.crypto_auth_hmacsha256(input, key);

/** Returns `length` bytes from the platform's cryptographic generator. libsodium asks it for each byte. */
export const randomBytes = (length: number): Uint8Array =>
  crypto.getRandomValues(new Uint8Array(length));

/** Compares tags, commitments and secrets. If the lengths are equal, it takes constant time. */
export const equalSecret = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && sodium.memcmp(a, b);

/** Overwrites a secret with zeros. */
export const zeroise = (secret: Uint8Array): void => sodium.memzero(secret);

/** An Ed25519 key pair, RFC 8032: public key 32 bytes, private key 64 (seed, then public key). */
export interface SigningKeyPair {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array;
}

export function generateSigningKey(): SigningKeyPair {
  const { publicKey, privateKey } = sodium.crypto_sign_keypair();
  return { publicKey, privateKey };
}

/** Returns the key pair of a 32-byte seed, RFC 8032 section 5.1.5. */
export function signingKeyFromSeed(seed: Uint8Array): SigningKeyPair {
  const { publicKey, privateKey } = sodium.crypto_sign_seed_keypair(seed);
  return { publicKey, privateKey };
}

/** An X25519 key pair, RFC 7748: 32 bytes each. */
export interface ExchangeKeyPair {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array;
}

export function generateExchangeKey(): ExchangeKeyPair {
  const { publicKey, privateKey } = sodium.crypto_box_keypair();
  return { publicKey, privateKey };
}

/**
 * X25519, RFC 7748.
 * @throws Error if the result is zeros: the public key is of low order
 */
export const exchange = (privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array =>
  sodium.crypto_scalarmult(privateKey, publicKey);

/** @returns an Ed25519 signature, 64 bytes */
export const sign = (message: Uint8Array, privateKey: Uint8Array): Uint8Array =>
  sodium.crypto_sign_detached(message, privateKey);

/** Signs with one Ed25519 key. It resolves with 64 bytes, which may be others for the same message. */
export type Signer = (message: Uint8Array) => Promise<Uint8Array>;

/**
 * Returns a signer for a key that signs often, such as with each message. It is as fast as the platform
 * allows. You may wipe the private key afterwards.
 */
export async function createSigner(privateKey: Uint8Array): Promise<Signer> {
  const own = privateKey.slice();
  return async (message) => sign(message, own);
}

/** Returns false for anything that is not this key's signature, including malformed input. */
export const verifySignature = (
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean => verify(publicKey, message, signature);

const verify = strictEd25519((publicKey, message, signature) =>
  sodium.crypto_sign_verify_detached(signature, message, publicKey),
);

/** The lengths of key, nonce and tag of XChaCha20-Poly1305-IETF, in bytes. */
export const aeadSizes = { key: 32, nonce: 24, tag: 16 } as const;

export const aeadSeal = (
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  associatedData: Uint8Array,
): Uint8Array =>
  sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, associatedData, null, nonce, key);

/** @throws Error if the ciphertext is not authentic */
export const aeadOpen = (
  key: Uint8Array,
  nonce: Uint8Array,
  ciphertext: Uint8Array,
  associatedData: Uint8Array,
): Uint8Array =>
  sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, ciphertext, associatedData, nonce, key);
