import { createCipheriv, createDecipheriv, randomFillSync, type KeyObject } from "node:crypto";
import { KeysError } from "../keys-error.ts";

/** A sealing key, and the id by which it is found again for opening. */
export interface SealingKey {
  /** 16 bytes. It is not secret. */
  readonly id: Uint8Array;
  /** 32 bytes, for AES-256-GCM. */
  readonly secret: KeyObject;
}

const VERSION = 1;
const ID_BYTES = 16;
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;
const HEADER_BYTES = 1 + ID_BYTES + NONCE_BYTES;

/** Number of bytes that sealing adds. */
export const OVERHEAD_BYTES = HEADER_BYTES + TAG_BYTES;

// Nonces are generated a thousand at a time, because one system call for each would cost as much as
// sealing.
const nonces = Buffer.alloc(1000 * NONCE_BYTES);
let nextNonce = nonces.length;

/** Returns 12 random bytes, which are valid until the next call. */
export function takeNonce(): Uint8Array {
  if (nextNonce === nonces.length) {
    randomFillSync(nonces);
    nextNonce = 0;
  }
  const nonce = nonces.subarray(nextNonce, nextNonce + NONCE_BYTES);
  nextNonce += NONCE_BYTES;
  return nonce;
}

/**
 * Seals bytes as `version 1 || key id 16 || nonce 12 || AES-256-GCM ciphertext || tag 16` (NIST SP
 * 800-38D). The nonce is random. It cannot be the position in the log, because two nodes may number
 * at the same time and seal two messages for one position. docs/keys.md gives the limit on messages
 * per key.
 * @param associated the place where the bytes belong; authenticated, but not stored
 */
export function seal(key: SealingKey, associated: Uint8Array, plain: Uint8Array): Buffer {
  const sealed = Buffer.allocUnsafe(OVERHEAD_BYTES + plain.length);
  sealed[0] = VERSION;
  sealed.set(key.id, 1);
  const nonce = takeNonce();
  sealed.set(nonce, 1 + ID_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key.secret, nonce);
  cipher.setAAD(associated);
  sealed.set(cipher.update(plain), HEADER_BYTES);
  cipher.final();
  sealed.set(cipher.getAuthTag(), HEADER_BYTES + plain.length);
  return sealed;
}

/**
 * Returns the id of the key that sealed the bytes.
 * @throws KeysError seal_broken
 */
export function keyIdOf(sealed: Uint8Array): Uint8Array {
  if (sealed[0] !== VERSION || sealed.length < OVERHEAD_BYTES) throw sealBroken();
  return sealed.subarray(1, 1 + ID_BYTES);
}

/**
 * Opens sealed bytes. `associated` must be the same as for `seal`.
 * @throws KeysError seal_broken
 */
export function open(key: SealingKey, associated: Uint8Array, sealed: Uint8Array): Buffer {
  if (Buffer.compare(keyIdOf(sealed), key.id) !== 0) throw sealBroken();
  const nonce = sealed.subarray(1 + ID_BYTES, HEADER_BYTES);
  const end = sealed.length - TAG_BYTES;
  try {
    const decipher = createDecipheriv("aes-256-gcm", key.secret, nonce, {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(associated);
    decipher.setAuthTag(sealed.subarray(end));
    const plain = decipher.update(sealed.subarray(HEADER_BYTES, end));
    decipher.final();
    return plain;
  } catch (cause) {
    throw sealBroken(cause);
  }
}

export const sealBroken = (cause?: unknown): KeysError =>
  new KeysError("seal_broken", "Stored bytes are not what was sealed there.", { cause });
