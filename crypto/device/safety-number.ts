import { concat } from "../wire/bytes.ts";
import type { UserId } from "../wire/ids.ts";
import { uuidToBytes } from "../wire/uuid.ts";
import { sha512 } from "./sodium.ts";

export interface AccountIdentity {
  readonly user: UserId;
  /** Ed25519, 32 bytes. */
  readonly accountKey: Uint8Array;
}

const iterations = 5200;
const fingerprintVersion = Uint8Array.of(0, 0);

/**
 * 60 digits that two people compare. They depend only on user ids and account keys, so they are the
 * same on both sides and under every suite. The format is Signal's numeric fingerprint: each half
 * is 30 digits of an iterated SHA-512, and the lower half comes first.
 */
export function safetyNumber(a: AccountIdentity, b: AccountIdentity): string {
  const halves = [a, b].map(({ user, accountKey }) =>
    numericFingerprint(uuidToBytes(user), accountKey),
  );
  return halves.toSorted().join("");
}

/** Formats the number in groups of five digits, for reading aloud. */
export const groupDigits = (digits: string): string => digits.replaceAll(/(\d{5})(?!$)/g, "$1 ");

/**
 * Thirty digits of `H(...H(H(version || key || id || key) || key)...)`, 5200 rounds of SHA-512, as
 * libsignal computes them from a serialised identity key.
 */
export function numericFingerprint(id: Uint8Array, key: Uint8Array): string {
  let hash = sha512(concat(fingerprintVersion, key, id, key));
  for (let round = 1; round < iterations; round++) hash = sha512(concat(hash, key));
  const view = new DataView(hash.buffer, hash.byteOffset);
  let digits = "";
  for (let offset = 0; offset < 30; offset += 5) {
    const chunk = view.getUint8(offset) * 2 ** 32 + view.getUint32(offset + 1);
    digits += String(chunk % 100_000).padStart(5, "0");
  }
  return digits;
}
