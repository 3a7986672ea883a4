import { concat, toBase64Url, utf8 } from "../../crypto/wire/bytes.ts";
import type { Sha256 } from "./tree-hash.ts";

/**
 * What an entry says in place of a personal field: `SHA-256(salt || field || value)`, base64url. With
 * the salt of 128 bits gone, nobody finds the value by guessing.
 */
export const personalHash = (
  sha256: Sha256,
  {
    salt,
    field,
    value,
  }: { readonly salt: Uint8Array; readonly field: string; readonly value: string },
): string => toBase64Url(sha256(concat(salt, utf8(field), utf8(value))));
