/** Byte helpers for which browsers and Node have no common built-in. */
import { WireError } from "./wire-error.ts";

const encoder = new TextEncoder();
// `ignoreBOM` keeps a byte order mark in the text, so that no two byte strings decode to one text.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/**
 * Decodes UTF-8 and keeps a byte order mark.
 * @throws TypeError when the bytes are not UTF-8
 */
export const fromUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes);

/**
 * Copies to a plain Uint8Array with memory of its own. On a Node Buffer, `slice` would not copy.
 */
export const copyOf = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from(bytes);

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Returns a number as 8 bytes, the most significant first. */
export function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

/** Compares public values. It is not constant-time: never use it for secrets or tags. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The character of each byte for `btoa`. */
const latin1 = Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(byte));

/** Base64url without padding, RFC 4648 section 5. */
export function toBase64Url(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += latin1[byte] ?? "";
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * Decodes base64url. It is stricter than `atob`, which accepts padding and white space. Unused bits
 * at the end are ignored; if a value must have one text, compare with `toBase64Url`.
 * @throws WireError malformed_record
 */
export function fromBase64Url(text: string): Uint8Array {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1)
    throw new WireError("malformed_record", "The text is not base64url without padding.");
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.codePointAt(at) ?? 0;
  return bytes;
}
