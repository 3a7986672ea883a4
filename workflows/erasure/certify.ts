import { appendEntry } from "../../audit/append-entry.ts";
import { nodeChecks } from "../../audit/node-checks.ts";
import { signCertificate } from "../../audit/sign-certificate.ts";
import { toBase64 } from "../../audit/verify/base64.ts";
import {
  CERTIFICATE_TYPE,
  decodeCertificate,
  type AnsweredStore,
  type CertificateBody,
} from "../../audit/verify/certificate/certificate.ts";
import { certificateDigest } from "../../audit/verify/certificate/signed-digests.ts";
import { logOf, parseId, type UserId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { CasePending, type Step } from "../cases/case-kind.ts";
import { ofCase } from "../cases/stored-case.ts";
import { answerRequest } from "../requests/answer-request.ts";
import { entryBy } from "./entry-by.ts";
import type { ErasureDeps } from "./erasure-deps.ts";
import {
  readErasure,
  readItems,
  readNotified,
  readToldConsumers,
  type Erasure,
  type ItemRow,
} from "./erasure-rows.ts";
import { lockAnswers } from "./notices/supplement.ts";
import { isErased, proveItems } from "./proven-items.ts";

type RestrictedRow = Extract<ItemRow, { readonly outcome: "restricted" }>;

/**
 * Signs the certificate, when the audit log has signed the entries that prove it and every store has answered.
 */
export const certify =
  ({ heads, signer, residualMs }: ErasureDeps): Step =>
  async ({ client, tenant, found, nowMs }) => {
    const erasure = await readErasure(client, found.id);
    const items = await readItems(client, found.id);
    const erased = items.filter(isErased);
    const restricted = items.filter((item): item is RestrictedRow => item.outcome === "restricted");
    const log = await heads.open(client, logOf(tenant));
    if (log === undefined) throw new CasePending("audit_log");
    const proven = await proveItems(client, log, erased);
    if (proven === undefined) throw new CasePending("audit_log");
    await lockAnswers(client, found.id);
    const eventOf = (id: number): Uuid => proven.events.get(id) ?? parseId("");
    const destroyedAtMs = Math.max(nowMs, ...erased.map(({ atMs }) => atMs));
    const body: CertificateBody = {
      type: CERTIFICATE_TYPE,
      tenant,
      case: found.id,
      subject: erasure.subject,
      law: erasure.law,
      receivedAtMs: erasure.receivedAtMs,
      fencedAtMs: erasure.fencedAtMs ?? nowMs,
      certifiedAtMs: nowMs,
      fence: fenceOf(erasure),
      erased: erased.map(({ kind, item: id, records, keys, atMs, entry }) => ({
        kind,
        id,
        records,
        keys,
        atMs,
        entry: eventOf(entry),
      })),
      restricted: restricted.map(
        ({ kind, item: id, records, citation, reviewAtMs, commitment }) => ({
          kind,
          id,
          records,
          ground: commitment === null ? "retention_lock" : "legal_hold",
          citation,
          reviewAtMs,
          hold: commitment === null ? null : toBase64(commitment),
        }),
      ),
      devices: await readNotified(client, found.id),
      consumers: await readToldConsumers(client, found.id),
      stores: await readStores(client, found.id),
      residualUntilMs: destroyedAtMs + residualMs,
      former: await formerDigest(client, erasure.subject),
      entries: proven.entries,
      checkpoint: log.note,
    };
    const file = await signCertificate(signer, log.origin, body);
    const digest = certificateDigest(nodeChecks.sha256, decodeCertificate(file));
    await client.query(
      `update erasures set certificate = $2, certificate_digest = $3, certified_at_ms = $4 where case_id = $1`,
      [found.id, file, digest, nowMs],
    );
    await appendEntry(client, {
      ...entryBy(tenant, erasure.subject, nowMs),
      action: "erasure.certify",
      resource: ofCase(found.id),
      details: { digest: toBase64(digest), erased: erased.length, restricted: restricted.length },
    });
    if (erasure.request !== null) await answerRequest(client, tenant, erasure.request, nowMs);
    return { to: "certified" };
  };

const fenceOf = ({ conversations, seqs }: Erasure) =>
  conversations.map((conversation, index) => ({ conversation, seq: Number(seqs[index] ?? 0) }));

async function readStores(client: Client, id: Uuid): Promise<readonly AnsweredStore[]> {
  const { rows } = await client.query<AnsweredStore>(
    `select store, at_ms as "atMs", attempts from erasure_stores where case_id = $1 order by at_ms, store`,
    [id],
  );
  return rows;
}

// A certificate with later answers of devices comes after the one that it adds to.
const FORMER = `
  select digest from (
    select certificate_digest as digest, certified_at_ms as at_ms from erasures
    where subject = $1 and certified_at_ms is not null
    union all
    select s.digest, s.certified_at_ms from erasure_supplements s join erasures e using (tenant, case_id)
    where e.subject = $1
  ) certificates order by at_ms desc limit 1`;

/** Returns the SHA-256 of the last certificate of the person before this one; null if there is none. */
async function formerDigest(client: Client, subject: UserId): Promise<string | null> {
  const { rows } = await client.query<{ digest: Uint8Array }>(FORMER, [subject]);
  return rows[0] === undefined ? null : toBase64(rows[0].digest);
}
