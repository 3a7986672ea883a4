import { payloadCommitment } from "../wire/commitment.ts";
import { DeviceError } from "./device-error.ts";
import { equalSecret, hmacSha256, randomBytes } from "./sodium.ts";

/** A fresh key for one message, 32 bytes: two messages under one key would be linkable. */
export const newFrankingKey = (): Uint8Array => randomBytes(32);

/** What binds the sender to its payload without showing it; travels outside the ciphertext. */
export const commit = (frankingKey: Uint8Array, payload: Uint8Array): Uint8Array =>
  payloadCommitment(hmacSha256, frankingKey, payload);

/**
 * Checked before a message is displayed: else a sender could show text it can never be reported
 * for. In constant time.
 * @throws DeviceError commitment_mismatch
 */
export function verifyCommitment(
  frankingKey: Uint8Array,
  payload: Uint8Array,
  commitment: Uint8Array,
): void {
  if (!equalSecret(commit(frankingKey, payload), commitment))
    throw new DeviceError("commitment_mismatch", "The commitment is not that of the message.");
}
