import sodium from "libsodium-wrappers-sumo";

/** The cost of one derivation. `memory` is in bytes. */
export interface Argon2Cost {
  readonly passes: number;
  readonly memory: number;
  readonly bytes: number;
}

/**
 * Argon2id version 1.3 (RFC 9106) with one lane. It blocks for its whole run. Wait for `ready` of
 * `sodium.ts` first.
 */
export async function argon2id(
  passphrase: Uint8Array,
  salt: Uint8Array,
  { passes, memory, bytes }: Argon2Cost,
): Promise<Uint8Array> {
  const { crypto_pwhash: hash, crypto_pwhash_ALG_ARGON2ID13: algorithm } = sodium;
  return hash(bytes, passphrase, salt, passes, memory, algorithm);
}
