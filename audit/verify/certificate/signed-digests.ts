/** The note that signs a certificate: a line for each field, with the field's hash. */
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { canonicalJson, type CanonicalValue } from "../../../crypto/wire/canonical-json.ts";
import { toBase64 } from "../base64.ts";
import { parseNote } from "../note.ts";
import type { Sha256 } from "../tree-hash.ts";
import { CERTIFICATE_TYPE, type Certificate, type CertificateBody } from "./certificate.ts";

/**
 * Returns the text that is signed. The hash of each field has a line, so that a verifier can name
 * the field that was changed. No checkpoint and no other note of the audit key begins with this
 * line.
 * @param origin of the tenant's audit log
 */
export function certificateText(sha256: Sha256, origin: string, body: CertificateBody): string {
  const lines = digestsOf(sha256, body).map(([name, hash]) => `${name} ${hash}`);
  return [CERTIFICATE_TYPE, origin, ...lines, ""].join("\n");
}

/**
 * Returns the SHA-256 of the text that is signed. It names a certificate, whoever signed it: while the
 * audit key is being replaced, a file may carry the signature of one key or of both.
 * @throws LogError malformed
 */
export const certificateDigest = (sha256: Sha256, { signature }: Certificate): Uint8Array =>
  sha256(utf8(parseNote(signature).text));

/** Returns the name of each field and the base64 of SHA-256 over its canonical JSON. */
export const digestsOf = (
  sha256: Sha256,
  body: object,
): readonly (readonly [name: string, hash: string])[] =>
  Object.entries<CanonicalValue>({ ...body })
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [name, toBase64(sha256(utf8(canonicalJson(value))))]);
