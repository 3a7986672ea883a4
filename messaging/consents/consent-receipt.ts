import { nodeChecks } from "../../audit/node-checks.ts";
import type { KnownHeads } from "../../audit/read/known-heads.ts";
import { tileRows } from "../../audit/read/tile-rows.ts";
import { formatConsentReceipt } from "../../audit/verify/consent-receipt.ts";
import { rangeRoots } from "../../audit/verify/log-source.ts";
import { inclusionProof } from "../../audit/verify/proofs.ts";
import { formatTlogProof } from "../../audit/verify/tlog-proof.ts";
import type { ConsentId, UserId } from "../../crypto/wire/ids.ts";
import { logOf } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { entriesOfArrival } from "../../identity/transparency/logged-account-keys.ts";
import { decideConsent } from "../../policies/consents.ts";
import { MessagingError } from "../messaging-error.ts";
import { readPublishedNotice } from "../notices/read-notice.ts";
import { readConsent } from "./read-consents.ts";

interface PlaceRow {
  readonly user: UserId;
  readonly number: number;
  readonly version: number | null;
  readonly language: string | null;
  /** Null until the entry is in the log. */
  readonly index: number | null;
}

const PLACE = `
  select c.user_id as "user", c.number, c.notice_version as version, c.notice_language as language, l.index
  from consents c left join audit.leaves l on l.entry = c.entry
  where c.id = $1`;

/**
 * Returns the receipt of a consent record as a file: for the person, and for those who oversee consents.
 * @throws MessagingError consent_not_found, countersignature_pending; IdentityError forbidden; AuditError
 */
export function consentReceipt(
  deps: UseCase & { readonly heads: KnownHeads },
  party: Party,
  id: ConsentId,
): Promise<string> {
  const tenant = tenantOf(party);
  const resource = { type: "consent", id } as const;
  const act = { action: "consent.receipt", resource, isRepeatable: true } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const { rows } = await client.query<PlaceRow>(PLACE, [id]);
    const [place] = rows;
    if (place === undefined) throw notFound();
    const { user, number, version, language, index } = place;
    const decided = assertParty(party, (actor) => {
      const decision = decideConsent(actor, user === actor.user ? "read" : "oversee", {
        tenant,
        user,
      });
      // Whether another person has a record is nobody's business.
      if (!decision.allowed) throw notFound(decision.reasons);
      return decision;
    });
    note({ ...decided, subject: user });
    const stored = await readConsent(client, user, number);
    if (stored === undefined) throw notFound();
    const { text: record, signature, device } = stored;
    const devices = await entriesOfArrival(client, user, device);
    const notice =
      version === null || language === null ? undefined : await noticeOf(client, version, language);
    const countersigned = await countersignature(client, deps.heads, party, index);
    return formatConsentReceipt({ record, signature, devices, notice, ...countersigned });
  });
}

async function noticeOf(client: Client, version: number, language: string) {
  const { controller, texts } = await readPublishedNotice(client, version);
  const text = texts.find((each) => each.language === language)?.text ?? "";
  return { language, controller, text };
}

async function countersignature(
  client: Client,
  heads: KnownHeads,
  party: Party,
  index: number | null,
) {
  const log = logOf(tenantOf(party));
  const opened = await heads.open(client, log);
  const size = opened?.checkpoint.size ?? 0;
  if (opened === undefined || index === null || index >= size)
    throw new MessagingError(
      "countersignature_pending",
      "The audit log does not have the record yet. Ask again in some seconds.",
    );
  const [found] = await opened.entriesAt([index]);
  if (found === undefined)
    throw new MessagingError(
      "consent_not_found",
      "The entry that countersigns the record was pruned from the audit log.",
    );
  const roots = rangeRoots(nodeChecks.sha256, tileRows(client, log), size);
  const proof = await inclusionProof(roots, index, size);
  return {
    entry: found.entry,
    proof: formatTlogProof({ index, proof, checkpoint: opened.note }),
  };
}

const notFound = (reasons: readonly string[] = []): MessagingError =>
  new MessagingError("consent_not_found", "There is no such consent record.", { reasons });
