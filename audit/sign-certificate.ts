import type { LogSigner } from "./logs.ts";
import { nodeChecks } from "./node-checks.ts";
import { signaturesOf } from "./sign-note.ts";
import {
  decodeCertificate,
  encodeCertificate,
  type CertificateBody,
} from "./verify/certificate/certificate.ts";
import { certificateText } from "./verify/certificate/signed-digests.ts";
import { formatNote } from "./verify/note.ts";

/**
 * Signs a certificate with the audit key, and with the key that will replace it.
 * @param origin of the tenant's audit log
 * @returns the bytes of the certificate's file
 * @throws LogError malformed, if a reader would refuse the certificate
 */
export async function signCertificate(
  signer: LogSigner,
  origin: string,
  body: CertificateBody,
): Promise<Uint8Array> {
  const text = certificateText(nodeChecks.sha256, origin, body);
  const signature = formatNote(text, await signaturesOf(signer, origin, text));
  const file = encodeCertificate({ ...body, signature });
  decodeCertificate(file);
  return file;
}
