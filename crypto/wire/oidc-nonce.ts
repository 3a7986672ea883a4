import { concat, fromBase64Url, toBase64Url, utf8 } from "./bytes.ts";

/** Length of the random seed of a nonce, in bytes. */
export const NONCE_SEED_BYTES = 32;

/**
 * Returns the `nonce` of an OpenID Connect authorization request (OpenID Connect Core 1.0 section
 * 3.1.2.1): `base64url(SHA-256(label || thumbprint 32 || seed 32))`. It binds the ID token to the
 * device key that signs in. A person who steals the code or the ID token has another key.
 * @param thumbprint of the device key: RFC 7638 with SHA-256, base64url
 * @param seed 32 random bytes
 */
export const oidcNonce = (
  sha256: (bytes: Uint8Array) => Uint8Array,
  thumbprint: string,
  seed: Uint8Array,
): string =>
  toBase64Url(sha256(concat(utf8("sealdesk/oidc-nonce/v1"), fromBase64Url(thumbprint), seed)));
