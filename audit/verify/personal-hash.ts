import { concat, toBase64Url, utf8 } from "../../crypto/wire/bytes.ts";
import type { Sha256 } from "./tree-hash.ts";

/**
 * Returns the value that replaces a personal field in an entry: `SHA-256(salt || field || value)`,
 * base64url. After the salt of 128 bits is erased, nobody can find the value by guessing.
 */
export const personalHash = (
  sha256: Sha256,
  {
    salt,
    field,
    value,
  }: { readonly salt: Uint8Array; readonly field: string; readonly value: string },
): string => toBase64Url(sha256(concat(salt, utf8(field), utf8(value))));
