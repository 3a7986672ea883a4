import { concat } from "../../wire/bytes.ts";
import {
  decode,
  encode,
  fixed,
  list,
  message,
  nested,
  optional,
  text,
  uint,
  userId,
  type MessageOf,
} from "../../wire/protobuf.ts";
import { exchange, hmacSha256, sha256, zeroise } from "../sodium.ts";

/**
 * A new device receives at most this many contacts. It sees the others for the first time itself.
 */
export const maxContacts = 1_000;

const contact = message({ user: [1, userId], accountKey: [2, fixed(32)] });
const keyLog = message({ vkey: [1, text(1_024)], note: [2, text(16_384)], atMs: [3, uint()] });
const deviceList = message({
  version: [1, uint()],
  issuedAtMs: [2, uint()],
  validUntilMs: [3, uint()],
});
const secrets = message({
  contacts: [1, list(nested(contact), maxContacts)],
  keyLog: [2, optional(nested(keyLog))],
  list: [3, optional(nested(deviceList))],
  approval: [4, fixed(64)],
  authority: [5, optional(fixed(32))],
});

/** The account key that the approving device remembers for a user. */
export type KnownContact = MessageOf<typeof contact>;

/**
 * The key log's verifier key that the approving device trusts, the newest head that it has verified,
 * as a signed note, and the time when it saw that head first, in milliseconds since the Unix epoch.
 */
export type KnownKeyLog = MessageOf<typeof keyLog>;

/**
 * The newest list of the account's devices that the approving device has seen. A server cannot show the
 * new device an older one.
 */
export type KnownList = MessageOf<typeof deviceList>;

/** What one device of an account sends to another in secret. */
export interface AccountSecrets {
  readonly contacts: readonly KnownContact[];
  /** Undefined if the approving device has seen no head. */
  readonly keyLog: KnownKeyLog | undefined;
  /** Undefined if the approving device has seen no list. */
  readonly list: KnownList | undefined;
  /** The approving device's signature over `deviceApprovalBytes`, for the key log. */
  readonly approval: Uint8Array;
  /**
   * The key of the tenant's authority that the approving device trusted first. Undefined if it knows none.
   */
  readonly authority: Uint8Array | undefined;
}

/** Returns bytes in memory of their own, which the caller wipes. */
export function encodeSecrets(value: AccountSecrets): Uint8Array {
  const encoded = encode(secrets, value);
  const copy = Uint8Array.from(encoded);
  zeroise(encoded);
  return copy;
}

/** @throws WireError malformed_frame */
export const decodeSecrets = (bytes: Uint8Array): AccountSecrets => decode(secrets, bytes);

/** Offsets of the parts of a sealed record. The ciphertext is the rest. */
export const sealedLayout = { version: 1, oneTimeKey: 1, signature: 33, nonce: 97, rest: 121 };

/**
 * Computes `HKDF-SHA-256(salt: none, IKM: X25519(private, public) || code secret, info: context,
 * 32)` (RFC 5869). An output of 32 bytes takes one round.
 * @throws Error when `publicKey` is of low order
 */
export function linkKey(
  pair: { readonly privateKey: Uint8Array; readonly publicKey: Uint8Array },
  codeSecret: Uint8Array,
  context: Uint8Array,
): Uint8Array {
  const shared = exchange(pair.privateKey, pair.publicKey);
  const material = concat(shared, codeSecret);
  const extracted = hmacSha256(new Uint8Array(32), material);
  const key = hmacSha256(extracted, concat(context, Uint8Array.of(1)));
  for (const secret of [shared, material, extracted]) zeroise(secret);
  return key;
}

/**
 * Returns the part of a sealed record that the approving device signs together with the context.
 */
export const sealedDigest = (nonceAndCiphertext: Uint8Array): Uint8Array =>
  sha256(nonceAndCiphertext);
