import { toBase64, fromBase64 } from "../base64.ts";
import { digestsOf } from "../certificate/signed-digests.ts";
import { LogError } from "../log-error.ts";
import { assertSignature, parseNote, signatureBy, type Checks, type NoteKey } from "../note.ts";
import { GrowingRoot } from "../growing-root.ts";
import { leafHash, type Sha256 } from "../tree-hash.ts";
import { decodeManifest, EXPORT_TYPE, type Manifest, type ManifestBody } from "./manifest.ts";

/**
 * Returns the text that is signed. The hash of each field has a line, so that a verifier can name the field that was
 * changed. No checkpoint and no other note of the audit key begins with this line.
 * @param origin of the tenant's audit log
 */
export function manifestText(sha256: Sha256, origin: string, body: ManifestBody): string {
  const fields = digestsOf(sha256, body).map(([name, hash]) => `${name} ${hash}`);
  return [EXPORT_TYPE, origin, ...fields, ""].join("\n");
}

/** Returns the Merkle root over the roots of the pages (RFC 9162 section 2.1.1), in base64. */
export function rootOfPages(sha256: Sha256, pages: readonly { readonly root: string }[]): string {
  const tree = new GrowingRoot(sha256);
  for (const { root } of pages) tree.append(leafHash(sha256, fromBase64(root) ?? new Uint8Array()));
  return toBase64(tree.root());
}

/**
 * Verifies a manifest without any server: one of the keys must have signed every field, and the roots of the pages must give
 * the root of the copy. If one byte of the file was changed, the error names the field.
 * @param trusted the verifier keys of the tenant's audit log that you trust
 * @throws LogError malformed, unsigned, wrong_signature, mismatch
 */
export function verifyManifest(
  checks: Checks,
  file: Uint8Array,
  trusted: readonly NoteKey[],
): Manifest {
  const manifest = decodeManifest(file);
  const { signature, ...body } = manifest;
  const note = parseNote(signature);
  const signer = trusted.find((key) => signatureBy(checks.sha256, note, key) !== undefined);
  if (signer === undefined)
    throw new LogError(
      "unsigned",
      "signature",
      "is by no key that you gave. If you trust the key of this organisation, give it too.",
    );
  assertSignature(checks, note, signer);
  const signed = note.text.split("\n");
  const expected = manifestText(checks.sha256, signer.name, body).split("\n");
  const changed = expected.findIndex((each, index) => signed[index] !== each);
  if (changed >= 0 || signed.length !== expected.length)
    throw new LogError(
      "mismatch",
      expected[changed]?.split(" ")[0] ?? "signature",
      "was changed after the manifest was signed.",
    );
  const { pages, events, root } = body;
  if (rootOfPages(checks.sha256, pages) !== root)
    throw new LogError("mismatch", "root", "does not follow from the pages.");
  if (pages.reduce((sum, page) => sum + page.events, 0) !== events)
    throw new LogError("mismatch", "events", "is not the number of events of the pages.");
  return manifest;
}
