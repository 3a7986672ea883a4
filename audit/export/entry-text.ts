import { fromUtf8 } from "../../crypto/wire/bytes.ts";
import { canonicalJson, type CanonicalValue } from "../../crypto/wire/canonical-json.ts";
import { toBase64 } from "../verify/base64.ts";
import { parseEntry, type LoggedEntry } from "./entry-filter.ts";

// Characters that JSON allows inside a string, and that end a line or control a terminal: DEL and C1
// controls, line and paragraph separators, directional marks, the byte order mark.
const SPECIAL = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/**
 * Returns the same JSON without characters that end a line or control a terminal: they are written
 * as `\uXXXX`. JSON has them only inside strings.
 */
export const onOneLine = (json: string): string =>
  json.replaceAll(
    SPECIAL,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );

/** The bytes of an entry for people and programs. They are never mistaken for another entry. */
export type EntryText =
  | { readonly entry: LoggedEntry }
  | { readonly text: string } // not one of our entries
  | { readonly base64: string }; // not UTF-8

/** Returns the content of an entry, or the bytes that stand in its place. */
export function readEntry(bytes: Uint8Array): EntryText {
  const entry = parseEntry(bytes);
  if (entry !== undefined) return { entry };
  try {
    return { text: fromUtf8(bytes) };
  } catch {
    return { base64: toBase64(bytes) };
  }
}

/**
 * Returns the bytes of an entry as a member of a JSON object, on one line: `"entry":{...}` if they
 * are JSON, `"entry":"..."` if they are other text, or `"base64":"..."`. From `entry`, the hash of
 * the leaf can be computed: an object is hashed as RFC 8785 canonical JSON or exactly as it stands
 * here.
 */
export function entryMember(bytes: Uint8Array): string {
  let text: string;
  try {
    text = fromUtf8(bytes);
  } catch {
    return `"base64":"${toBase64(bytes)}"`;
  }
  // The operator's log holds checkpoints, which are not JSON.
  return `"entry":${isOneLineOfJson(text) ? onOneLine(text) : onOneLine(JSON.stringify(text))}`;
}

function isOneLineOfJson(text: string): boolean {
  if (!text.startsWith("{") || /[\r\n]/.test(text)) return false;
  try {
    const value = JSON.parse(text) as CanonicalValue;
    // Canonical JSON must restore the characters that are escaped here.
    return text.search(SPECIAL) < 0 || canonicalJson(value) === text;
  } catch {
    return false;
  }
}
