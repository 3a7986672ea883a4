import { toHex, utf8 } from "../../../crypto/wire/bytes.ts";
import { openCheckpoint, type TreeHead } from "../checkpoint.ts";
import { LogError } from "../log-error.ts";
import { keyIdOf, parseNote, signatureBy, type Checks, type Note, type NoteKey } from "../note.ts";
import {
  CERTIFICATE_TYPE,
  decodeCertificate,
  type Certificate,
  type CertificateBody,
} from "./certificate.ts";
import { assertEntries } from "./proving-entries.ts";
import { certificateDigest, digestsOf } from "./signed-digests.ts";

/** The keys that you know, of the tenant's audit log. */
export interface CertificateKeys {
  /** The keys that you trust. One of them must have signed, and only known keys may have. */
  readonly trusted: readonly NoteKey[];
  /** Keys that were trusted once. What only they signed is refused. */
  readonly revoked?: readonly NoteKey[];
}

export interface VerifiedCertificate {
  readonly certificate: Certificate;
  /** The name of the audit log that proves it. */
  readonly origin: string;
  /** See `certificateDigest`. */
  readonly digest: Uint8Array;
}

/**
 * Verifies a certificate of erasure without any server. The key of the tenant's audit log must have
 * signed every field, every audit entry in it must be in the log (RFC 9162 section 2.1.3), and each
 * erased item must have an entry that records its erasure. If one byte of the file was changed, the
 * error names the field.
 * @throws LogError malformed, wrong_origin: of another tenant; unsigned: also by a key that you did
 *   not give; revoked_key; wrong_signature; mismatch: a field was changed, or an entry
 *   does not record the erasure; invalid_proof
 */
export function verifyCertificate(
  checks: Checks,
  file: Uint8Array,
  keys: CertificateKeys,
): VerifiedCertificate {
  const certificate = decodeCertificate(file);
  const { signature, ...body } = certificate;
  const note = readNote("signature", signature);
  const [type, origin = "", ...lines] = note.text.split("\n");
  if (type !== CERTIFICATE_TYPE)
    throw new LogError("malformed", "signature", `does not begin with ${CERTIFICATE_TYPE}.`);
  const signers = signersOf(checks, note, origin, keys);
  assertDigests(checks, lines, body);
  assertEntries(checks, body, openHead(checks, body.checkpoint, signers));
  return { certificate, origin, digest: certificateDigest(checks.sha256, certificate) };
}

/**
 * Verifies every signature of the note, and returns the trusted keys among those that signed. While
 * the audit key is being replaced, two keys sign. A signature that nobody can check is refused, because
 * anybody could have added it.
 */
function signersOf(
  checks: Checks,
  { text, signatures }: Note,
  origin: string,
  { trusted, revoked = [] }: CertificateKeys,
): readonly NoteKey[] {
  if (signatures.some(({ name }) => name !== origin))
    throw new LogError("malformed", "signature", `has signatures that are not by ${origin}.`);
  const idOf = (key: NoteKey) => toHex(keyIdOf(checks.sha256, key));
  const known = new Map(
    [...trusted, ...revoked]
      .filter(({ name }) => name === origin)
      .map((key) => [idOf(key), key] as const),
  );
  if (known.size === 0)
    throw new LogError(
      "wrong_origin",
      "signature",
      `is of ${origin}, whose key you did not give. The certificate may be of another tenant.`,
    );
  const ids = signatures.map(({ keyId }) => toHex(keyId));
  if (new Set(ids).size < ids.length)
    throw new LogError("malformed", "signature", "has two signatures by one key.");
  const signers = signatures.map(({ keyId, signature }) => {
    const key = known.get(toHex(keyId));
    if (key === undefined) throw keyMissing(toHex(keyId));
    if (!checks.verifyEd25519(key.publicKey, utf8(text), signature))
      throw new LogError("wrong_signature", "signature", `the signature by ${origin} is wrong.`);
    return key;
  });
  const revokedIds = new Set(revoked.map(idOf));
  const believed = signers.filter((key) => !revokedIds.has(idOf(key)));
  if (believed.length === 0)
    throw new LogError(
      "revoked_key",
      "signature",
      "only a revoked key signed it, so anybody who has that key may have made it.",
    );
  return believed;
}

const keyMissing = (id: string): LogError =>
  new LogError(
    "unsigned",
    "signature",
    `is by the key ${id}, which you did not give. It may be an older or a newer key of the same log. If you trust it, give it too.`,
  );

/** Reads the head of the log. One of the keys that signed the certificate must have signed it. */
function openHead(checks: Checks, checkpoint: string, signers: readonly NoteKey[]): TreeHead {
  const note = readNote("checkpoint", checkpoint);
  const signer = signers.find((key) => signatureBy(checks.sha256, note, key) !== undefined);
  if (signer === undefined)
    throw new LogError("unsigned", "checkpoint", "no key that signed the certificate signed it.");
  return openCheckpoint(checks, checkpoint, signer);
}

function assertDigests({ sha256 }: Checks, lines: readonly string[], body: CertificateBody): void {
  const computed = digestsOf(sha256, body);
  for (const [index, [name, hash]] of computed.entries())
    if (lines[index] !== `${name} ${hash}`)
      throw new LogError("mismatch", name, "was changed after the certificate was signed.");
  if (lines.length !== computed.length + 1 || lines.at(-1) !== "")
    throw new LogError("mismatch", "signature", "signs fields that the certificate does not have.");
}

function readNote(place: string, text: string): Note {
  try {
    return parseNote(text);
  } catch (cause) {
    throw new LogError("malformed", place, "is not a signed note.", { cause });
  }
}
