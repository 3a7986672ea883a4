import { createHash } from "node:crypto";

/**
 * Returns the SHA-256 of a stored value in hexadecimal digits. Entries have it of values that the log must not have, so
 * that a value that somebody replaced by SQL is found. Give it only what is random itself, such as a salted hash or the
 * result of a MAC.
 */
export const digestOf = (value: string | Uint8Array): string =>
  createHash("sha256").update(value).digest("hex");

/**
 * Returns the SHA-256 of the SHA-256 hashes of a passkey's credential ID, public key and RP ID (UTF-8), in that order, in
 * hexadecimal digits. Each hash has a fixed length, so no two passkeys share an input.
 */
export const passkeyDigest = (passkey: {
  readonly credentialId: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly rpId: string;
}): string => {
  const parts = [passkey.credentialId, passkey.publicKey, passkey.rpId];
  return digestOf(Buffer.from(parts.map(digestOf).join(""), "hex"));
};

/**
 * Returns the SHA-256 of the id of a group of an identity provider, a line feed, and the group's name (UTF-8), in
 * hexadecimal digits. The name decides which role and which teams the group gives.
 */
export const groupNameDigest = (group: string, name: string): string =>
  digestOf(`${group}\n${name}`);
