import { appendEntry } from "../../../audit/append-entry.ts";
import type { LogSigner } from "../../../audit/logs.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import type { KnownHeads } from "../../../audit/read/known-heads.ts";
import { signCertificate } from "../../../audit/sign-certificate.ts";
import { toBase64 } from "../../../audit/verify/base64.ts";
import { decodeCertificate } from "../../../audit/verify/certificate/certificate.ts";
import { certificateDigest } from "../../../audit/verify/certificate/signed-digests.ts";
import { logOf, type CaseId, type TenantId } from "../../../crypto/wire/ids.ts";
import type { Client } from "../../../db/pool.ts";
import { ofCase } from "../../cases/stored-case.ts";
import { entryBy } from "../entry-by.ts";
import { readErasure, readItems, readNotified } from "../erasure-rows.ts";
import { isErased, proveItems } from "../proven-items.ts";

export interface SupplementDeps {
  readonly heads: KnownHeads;
  readonly signer: LogSigner;
}

/** Has answers of devices and the certificate of an erasure come one after the other, until the transaction ends. */
export const lockAnswers = async (client: Client, id: CaseId): Promise<void> =>
  void (await client.query(
    "select pg_advisory_xact_lock(hashtext('sealdesk.erasure_answers'), hashtext($1))",
    [id],
  ));

/**
 * Signs a new certificate of an erasure with the answers that devices have given by now, if it has one already. It refers to
 * the certificate before it, which stays valid. If the audit log cannot prove the entries now, the next answer brings it.
 * @throws AuditError audit_log_altered, audit_log_behind; KeysError kms_...
 */
export async function supplement(
  client: Client,
  { heads, signer }: SupplementDeps,
  { tenant, id }: { readonly tenant: TenantId; readonly id: CaseId },
  nowMs: number,
): Promise<void> {
  const { certificate, subject } = await readErasure(client, id);
  if (certificate === null) return;
  const log = await heads.open(client, logOf(tenant));
  const proven =
    log && (await proveItems(client, log, (await readItems(client, id)).filter(isErased)));
  if (log === undefined || proven === undefined) return;
  const former = decodeCertificate(certificate);
  const { signature: _, ...said } = former;
  const devices = await readNotified(client, id);
  const answered = devices.filter(({ acknowledgedAtMs }) => acknowledgedAtMs !== null).length;
  const certifiedAtMs = Math.max(nowMs, former.certifiedAtMs + 1);
  const file = await signCertificate(signer, log.origin, {
    ...said,
    devices,
    stores:
      answered < devices.length
        ? said.stores
        : [...said.stores, { store: "devices", atMs: nowMs, attempts: 1 }],
    certifiedAtMs,
    former: toBase64(certificateDigest(nodeChecks.sha256, former)),
    entries: proven.entries,
    checkpoint: log.note,
  });
  const digest = certificateDigest(nodeChecks.sha256, decodeCertificate(file));
  await client.query(
    `insert into erasure_supplements (tenant, case_id, digest, certificate, certified_at_ms)
     values ($1, $2, $3, $4, $5)
     on conflict (tenant, case_id) do update set digest = excluded.digest,
       certificate = excluded.certificate, certified_at_ms = excluded.certified_at_ms`,
    [tenant, id, digest, file, certifiedAtMs],
  );
  await appendEntry(client, {
    ...entryBy(tenant, subject, nowMs),
    action: "erasure.supplement",
    resource: ofCase(id),
    details: { digest: toBase64(digest), devices: devices.length, answered },
  });
}
