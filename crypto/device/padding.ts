import { maxPlaintextBytes } from "../wire/payload-body.ts";
import { DeviceError } from "./device-error.ts";

/**
 * The plaintext of a message: signature 64 || franking key 32 || payload length, u32 big-endian || payload
 * || zeros. After the signature it has 256, 512, 1024, 2048, 3072... bytes.
 */
const signatureBytes = 64;
const lengthAt = signatureBytes + 32;
const prefixBytes = lengthAt + 4;

/** The content of a message, with what proves to others who sent it. */
export interface Franked {
  /** The exact bytes of the commitment. */
  readonly payload: Uint8Array;
  /** 32 bytes. */
  readonly frankingKey: Uint8Array;
  /** The sending device's signature over context and commitment, 64 bytes. */
  readonly signature: Uint8Array;
}

/** Returns the canonical total size for this many bytes of prefix and payload. */
function bucket(bytes: number): number {
  const padded = bytes - signatureBytes;
  if (padded <= 256) return signatureBytes + 256;
  if (padded <= 512) return signatureBytes + 512;
  return signatureBytes + Math.ceil(padded / 1024) * 1024;
}

/** @throws DeviceError too_large */
export function pad({ payload, frankingKey, signature }: Franked): Uint8Array {
  const total = bucket(prefixBytes + payload.length);
  if (total > maxPlaintextBytes)
    throw new DeviceError("too_large", "The message does not fit into one ciphertext.");
  const plaintext = new Uint8Array(total);
  plaintext.set(signature, 0);
  plaintext.set(frankingKey, signatureBytes);
  new DataView(plaintext.buffer).setUint32(lengthAt, payload.length);
  plaintext.set(payload, prefixBytes);
  return plaintext;
}

/**
 * Reverses `pad` and returns a copy. A payload has exactly one padded form, so the padding cannot
 * carry hidden data and cannot be changed unnoticed.
 * @throws DeviceError malformed_plaintext
 */
export function unpad(plaintext: Uint8Array): Franked {
  if (plaintext.length < prefixBytes) throw malformed();
  const view = new DataView(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength);
  const end = prefixBytes + view.getUint32(lengthAt);
  if (plaintext.length > maxPlaintextBytes || plaintext.length !== bucket(end)) throw malformed();
  if (plaintext.subarray(end).some((byte) => byte !== 0)) throw malformed();
  return {
    signature: Uint8Array.from(plaintext.subarray(0, signatureBytes)),
    frankingKey: Uint8Array.from(plaintext.subarray(signatureBytes, lengthAt)),
    payload: Uint8Array.from(plaintext.subarray(prefixBytes, end)),
  };
}

const malformed = (): DeviceError =>
  new DeviceError("malformed_plaintext", "The opened message is not canonically padded.");
