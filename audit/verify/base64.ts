import { fromBase64Url, toBase64Url } from "../../crypto/wire/bytes.ts";

/** Base64 with padding, RFC 4648 section 4. */
export function toBase64(bytes: Uint8Array): string {
  const text = toBase64Url(bytes).replaceAll("-", "+").replaceAll("_", "/");
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=");
}

/** Accepts exactly one text for each value. Returns undefined for every other text. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const bytes = fromBase64Url(text.replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_"));
  return toBase64(bytes) === text ? bytes : undefined;
}
