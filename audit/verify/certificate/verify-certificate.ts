import { toHex, utf8 } from "../../../crypto/wire/bytes.ts";
import { openCheckpoint } from "../checkpoint.ts";
import { LogError } from "../log-error.ts";
import { keyIdOf, parseNote, type Checks, type Note, type NoteKey } from "../note.ts";
import {
  CERTIFICATE_TYPE,
  decodeCertificate,
  type Certificate,
  type CertificateBody,
} from "./certificate.ts";
import { assertEntries } from "./proving-entries.ts";
import { digestsOf } from "./signed-digests.ts";

/** The keys that you know, of the tenant's audit log. */
export interface CertificateKeys {
  /** The keys that you trust. One of them must have signed. */
  readonly trusted: readonly NoteKey[];
  /** Keys that were trusted once. What only they signed is refused. */
  readonly revoked?: readonly NoteKey[];
}

export interface VerifiedCertificate {
  readonly certificate: Certificate;
  /** The name of the audit log that proves it. */
  readonly origin: string;
}

/**
 * Verifies a certificate of erasure without any server. The key of the tenant's audit log must have
 * signed every field, every audit entry in it must be in the log (RFC 9162 section 2.1.3), and each
 * erased item must have an entry that records its erasure. If one byte of the file was changed, the
 * error names the field.
 * @throws LogError malformed, wrong_origin: of another tenant; unsigned: not by a key that you
 *   trust; revoked_key; wrong_signature; mismatch: a field was changed, or an entry
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
  const key = signerOf(checks, note, origin, keys);
  assertDigests(checks, lines, body);
  assertEntries(checks, body, openCheckpoint(checks, body.checkpoint, key));
  return { certificate, origin };
}

/** Returns the trusted key that signed the note. While the audit key is being replaced, two keys sign. */
function signerOf(checks: Checks, note: Note, origin: string, keys: CertificateKeys): NoteKey {
  if (note.signatures.length > 2 || note.signatures.some(({ name }) => name !== origin))
    throw new LogError("malformed", "signature", `has signatures that are not by ${origin}.`);
  const { trusted, revoked = [] } = keys;
  const known = [...trusted, ...revoked];
  if (!known.some(({ name }) => name === origin))
    throw new LogError(
      "wrong_origin",
      "signature",
      `is of ${origin}, whose key you did not give. The certificate may be of another tenant.`,
    );
  const isRevoked = (key: NoteKey) =>
    revoked.some((each) => idOf(checks, each) === idOf(checks, key));
  const signed = known.filter((key) => signatureOf(checks, note, key, origin) !== undefined);
  const [key] = signed.filter((each) => !isRevoked(each));
  if (key === undefined) throw notTrusted(note, signed.length > 0);
  const given = signatureOf(checks, note, key, origin);
  if (given === undefined || !checks.verifyEd25519(key.publicKey, utf8(note.text), given))
    throw new LogError("wrong_signature", "signature", `the signature by ${origin} is wrong.`);
  return key;
}

function notTrusted({ signatures }: Note, isRevoked: boolean): LogError {
  if (isRevoked)
    return new LogError(
      "revoked_key",
      "signature",
      "only a revoked key signed it, so anybody who has that key may have made it.",
    );
  const ids = signatures.map(({ keyId }) => toHex(keyId)).join(", ");
  return new LogError(
    "unsigned",
    "signature",
    `is by the key ${ids}, which you did not give. It may be an older key of the same log.`,
  );
}

const idOf = ({ sha256 }: Checks, key: NoteKey): string => toHex(keyIdOf(sha256, key));

const signatureOf = (checks: Checks, note: Note, key: NoteKey, origin: string) =>
  key.name === origin
    ? note.signatures.find(
        ({ name, keyId }) => name === origin && toHex(keyId) === idOf(checks, key),
      )?.signature
    : undefined;

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
