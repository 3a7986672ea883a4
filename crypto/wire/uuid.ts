import { WireError } from "./wire-error.ts";

/** A UUID in its lower-case 36-character form, RFC 9562 section 4. */
export type Uuid = string;

// Identifiers are converted for every message, so both directions use tables and scratch memory.
const digits = Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));
const dash = 45;
/** Positions of the 16 bytes in the text. */
const positions = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;
const codes: number[] = Array.from({ length: 36 }, () => dash);
const valueOf = new Uint8Array(128);
for (const [value, code] of digits.entries()) valueOf[code] = value;

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const isUuid = (text: string): text is Uuid => pattern.test(text);

/** Returns the 36-character form of the 16 bytes at `offset`. */
export function uuidFromBytes(bytes: Uint8Array, offset = 0): Uuid {
  for (let index = 0; index < 16; index++) {
    const byte = bytes[offset + index] ?? 0;
    const at = positions[index] ?? 0;
    codes[at] = digits[byte >> 4] ?? 0;
    codes[at + 1] = digits[byte & 15] ?? 0;
  }
  return String.fromCharCode.apply(undefined, codes);
}

/** Writes the 16 bytes of `id` into `target` at `offset`. `id` must be a `Uuid`. */
export function writeUuid(id: Uuid, target: Uint8Array, offset: number): void {
  for (let index = 0; index < 16; index++) {
    const at = positions[index] ?? 0;
    const high = valueOf[id.charCodeAt(at)] ?? 0;
    target[offset + index] = (high << 4) | (valueOf[id.charCodeAt(at + 1)] ?? 0);
  }
}

export function uuidToBytes(id: Uuid): Uint8Array {
  if (!isUuid(id)) throw new WireError("malformed_record", "An identifier is not a UUID.");
  const bytes = new Uint8Array(16);
  writeUuid(id, bytes, 0);
  return bytes;
}

/**
 * Returns when a UUIDv7 was made, in milliseconds since the Unix epoch (RFC 9562 section 5.7);
 * undefined for other versions.
 */
export function uuidv7TimeMs(id: Uuid): number | undefined {
  return id.charAt(14) === "7" ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined;
}
