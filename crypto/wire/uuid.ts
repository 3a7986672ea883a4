import { WireError } from "./wire-error.ts";

/** A UUID in its lower-case 36-character form, RFC 9562 section 4. */
export type Uuid = string;

const hexOf = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const isUuid = (text: string): text is Uuid => pattern.test(text);

/** The 36-character form of the 16 bytes at `offset`. */
export function uuidFromBytes(bytes: Uint8Array, offset = 0): Uuid {
  let text = "";
  for (let index = 0; index < 16; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) text += "-";
    text += hexOf[bytes[offset + index] ?? 0];
  }
  return text;
}

const nibble = (code: number): number => (code > 57 ? code - 87 : code - 48);

/** Writes the 16 bytes of `id` into `target` at `offset`. `id` must be a `Uuid`. */
export function writeUuid(id: Uuid, target: Uint8Array, offset: number): void {
  let position = 0;
  for (let index = 0; index < 16; index++) {
    if (id.charCodeAt(position) === 45) position++;
    target[offset + index] =
      (nibble(id.charCodeAt(position)) << 4) | nibble(id.charCodeAt(position + 1));
    position += 2;
  }
}

export function uuidToBytes(id: Uuid): Uint8Array {
  if (!isUuid(id)) throw new WireError("malformed_record", "An identifier is not a UUID.");
  const bytes = new Uint8Array(16);
  writeUuid(id, bytes, 0);
  return bytes;
}

/** Milliseconds since the Unix epoch at which a UUIDv7 was made, RFC 9562 section 5.7; undefined for other versions. */
export function uuidv7TimeMs(id: Uuid): number | undefined {
  return id.charAt(14) === "7" ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined;
}
