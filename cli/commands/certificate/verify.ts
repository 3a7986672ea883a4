import { readFile } from "node:fs/promises";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { toBase64 } from "../../../audit/verify/base64.ts";
import { parseVkey } from "../../../audit/verify/note.ts";
import {
  verifyCertificate,
  type VerifiedCertificate,
} from "../../../audit/verify/certificate/verify-certificate.ts";
import { toHex } from "../../../crypto/wire/bytes.ts";
import { attachedFile, isPdf } from "../../../workflows/erasure/certificate/attached-file.ts";
import {
  deviceLines,
  erasedLines,
  factsOf,
  leadOf,
  restrictedLines,
  storeLines,
} from "../../../workflows/erasure/certificate/sentences.ts";
import { CommandError } from "../../settings.ts";

export interface VerifyCertificateOptions {
  /** Verifier keys of the tenant's audit log that are trusted. */
  readonly key: readonly string[];
  /** Verifier keys that were trusted once. */
  readonly revoked?: readonly string[];
  readonly json?: true;
}

/**
 * Verifies a certificate, as its JSON file or as the PDF that carries it. It needs no database, no
 * server and no account.
 * @returns what to print
 * @throws CommandError, LogError
 */
export async function verifyCertificateFile(
  path: string,
  { key, revoked = [], json }: VerifyCertificateOptions,
): Promise<string> {
  const { sha256 } = nodeChecks;
  const verified = verifyCertificate(nodeChecks, await certificateIn(path), {
    trusted: key.map((each) => parseVkey(sha256, each)),
    revoked: revoked.map((each) => parseVkey(sha256, each)),
  });
  return json === true ? jsonOf(verified) : textOf(verified);
}

async function certificateIn(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new CommandError(`${path} cannot be read.`, { cause });
  });
  if (!isPdf(bytes)) return bytes;
  const attached = attachedFile(bytes);
  if (attached === undefined)
    throw new CommandError(`${path} carries no certificate. Take the JSON file.`);
  return attached;
}

const jsonOf = ({ certificate, origin, digest }: VerifiedCertificate): string => {
  const { signature: _, entries, checkpoint: __, ...body } = certificate;
  const shown = { ...body, entries: entries.length, digest: toBase64(digest) };
  return JSON.stringify({ verified: true, origin, ...shown });
};

function textOf({ certificate, origin, digest }: VerifiedCertificate): string {
  const facts = factsOf(certificate).map(([label, value]) => `${label}: ${value}`);
  const proven = `Verified with the key of ${origin}: ${certificate.entries.length} entries of the audit log prove it.`;
  return [
    proven,
    leadOf(certificate),
    "",
    ...facts,
    ...section("Erased", erasedLines(certificate)),
    ...section("Kept under law", restrictedLines(certificate)),
    ...section("Stores", storeLines(certificate)),
    ...section("Devices of other members", deviceLines(certificate)),
    "",
    `SHA-256 of the signed text: ${toHex(digest)}`,
  ].join("\n");
}

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ["", `${title}:`, ...lines.map((line) => `  ${line}`)];
