import { payloadCommitment } from "../wire/commitment.ts";
import { DeviceError } from "./device-error.ts";
import { equalSecret, hmacSha256, randomBytes } from "./sodium.ts";

/** Generates the key of one message, 32 bytes. Two messages under one key could be linked. */
export const newFrankingKey = (): Uint8Array => randomBytes(32);

/** Commits the sender to its payload without revealing it. It travels outside the ciphertext. */
export const commit = (frankingKey: Uint8Array, payload: Uint8Array): Uint8Array =>
  payloadCommitment(hmacSha256, frankingKey, payload);

/**
 * Checks the commitment, in constant time. Call it before you display a message. Otherwise a sender
 * could show text that cannot be reported.
 * @throws DeviceError commitment_mismatch
 */
export function verifyCommitment(
  frankingKey: Uint8Array,
  payload: Uint8Array,
  commitment: Uint8Array,
): void {
  if (!equalSecret(commit(frankingKey, payload), commitment))
    throw new DeviceError("commitment_mismatch", "The commitment does not match the message.");
}
