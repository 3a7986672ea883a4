import { concat, equalBytes, fromBase64Url, toBase64Url, utf8 } from "../wire/bytes.ts";
import { uuidToBytes } from "../wire/uuid.ts";
import type { AccountIdentity } from "./safety-number.ts";
import { sha256 } from "./sodium.ts";

const prefix = "SEALDESK-SAFETY:1:";
const label = utf8("sealdesk/safety-code/v1");
const printBytes = 32;

/** SHA-256("sealdesk/safety-code/v1" || user || account key). It is the same under every suite. */
const fingerprint = ({ user, accountKey }: AccountIdentity): Uint8Array =>
  sha256(concat(label, uuidToBytes(user), accountKey));

/**
 * Returns the content of the QR code that a device shows: its own fingerprint, then the fingerprint
 * that it has for the other user. It is text, as scanners return it: a prefix with the version,
 * then base64url of both fingerprints.
 */
export const encodeSafetyCode = (own: AccountIdentity, other: AccountIdentity): string =>
  prefix + toBase64Url(concat(fingerprint(own), fingerprint(other)));

/** The result of comparing a scanned code. */
export type SafetyVerdict =
  | "match"
  | "mismatch" // somebody stands in between, or it is another person's code
  | "not_a_code"; // of something else, or of another version

/** Compares the code that `other`'s device shows with what this device knows. */
export function compareSafetyCode(
  own: AccountIdentity,
  other: AccountIdentity,
  scanned: string,
): SafetyVerdict {
  const text = scanned.trim();
  if (!text.startsWith(prefix)) return "not_a_code";
  const encoded = text.slice(prefix.length);
  const length = Math.ceil((2 * printBytes * 4) / 3);
  if (encoded.length !== length || !/^[A-Za-z0-9_-]+$/.test(encoded)) return "not_a_code";
  const expected = concat(fingerprint(other), fingerprint(own));
  return equalBytes(fromBase64Url(encoded), expected) ? "match" : "mismatch";
}
