import { DeviceError } from "./device-error.ts";

/**
 * The padded plaintext of a message has 256, 512, 1024, 2048, 3072... bytes in total: franking key
 * 32 || payload length, u32 big-endian || payload || zeros.
 */
const frankingKeyBytes = 32;
const prefixBytes = frankingKeyBytes + 4;

/** Keeps the ciphertext within the relay's limit of 64 KiB. */
export const maxPlaintextBytes = 63 * 1024;

/** Returns the canonical total size for this many bytes of prefix and payload. */
function bucket(bytes: number): number {
  if (bytes <= 256) return 256;
  if (bytes <= 512) return 512;
  return Math.ceil(bytes / 1024) * 1024;
}

/** @throws DeviceError too_large */
export function pad(frankingKey: Uint8Array, payload: Uint8Array): Uint8Array {
  const total = bucket(prefixBytes + payload.length);
  if (total > maxPlaintextBytes)
    throw new DeviceError("too_large", "The message does not fit into one ciphertext.");
  const plaintext = new Uint8Array(total);
  plaintext.set(frankingKey, 0);
  new DataView(plaintext.buffer).setUint32(frankingKeyBytes, payload.length);
  plaintext.set(payload, prefixBytes);
  return plaintext;
}

/**
 * Reverses `pad` and returns a copy. A payload has exactly one padded form, so the padding cannot
 * carry hidden data and cannot be changed unnoticed.
 * @throws DeviceError malformed_plaintext
 */
export function unpad(plaintext: Uint8Array): { frankingKey: Uint8Array; payload: Uint8Array } {
  if (plaintext.length < prefixBytes) throw malformed();
  const view = new DataView(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength);
  const end = prefixBytes + view.getUint32(frankingKeyBytes);
  if (plaintext.length > maxPlaintextBytes || plaintext.length !== bucket(end)) throw malformed();
  if (plaintext.subarray(end).some((byte) => byte !== 0)) throw malformed();
  return {
    frankingKey: Uint8Array.from(plaintext.subarray(0, frankingKeyBytes)),
    payload: Uint8Array.from(plaintext.subarray(prefixBytes, end)),
  };
}

const malformed = (): DeviceError =>
  new DeviceError("malformed_plaintext", "The opened message is not canonically padded.");
