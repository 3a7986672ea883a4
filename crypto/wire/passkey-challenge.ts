import { concat, fromBase64Url, utf8 } from "./bytes.ts";

/**
 * Returns the challenge of a passkey (Web Authentication Level 3 section 13.4.3):
 * `SHA-256(label || thumbprint 32 || seed)`. It binds the answer to the device key that signs in. A person who
 * steals the answer has another key.
 * @param thumbprint of the device key: RFC 7638 with SHA-256, base64url
 * @param seed as the server gave it
 */
export const passkeyChallenge = (
  sha256: (bytes: Uint8Array) => Uint8Array,
  thumbprint: string,
  seed: string,
): Uint8Array =>
  sha256(concat(utf8("sealdesk/passkey-challenge/v1"), fromBase64Url(thumbprint), utf8(seed)));
