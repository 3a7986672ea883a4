import { randomBytes } from "node:crypto";
import { toBase64Url } from "../../crypto/wire/bytes.ts";
import type { CaseId, NewId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { Client } from "../../db/pool.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import type { Secret } from "../../keys/secret.ts";
import type { Right } from "../../policies/deadlines/periods.ts";
import { decideEmailRequest, decideRequest } from "../../policies/requests.ts";
import { assertReceipt } from "../assert-receipt.ts";
import { WorkflowError } from "../workflow-error.ts";
import { addressHashes } from "./address-hashes.ts";
import { hashOfLink, slugOf } from "./stored-request.ts";

/** How long the link in the e-mail is valid, and the hash of the address is kept, in milliseconds. */
const VALID_MS = 14 * 86_400_000;

/** A request that came by e-mail. */
export interface EmailRequest {
  /** The address from which it came. It is not stored. */
  readonly email: string;
  readonly right: Right;
  /** Where the person says that they live: a code of ISO 3166, such as "DE" or "US-CA". */
  readonly residence?: string | undefined;
  /** When it was received, if that was before: milliseconds since the Unix epoch. */
  readonly receivedAtMs?: number | undefined;
}

/** What is to be sent to the address. */
export interface Verification {
  /** Whoever opens it has the mailbox. Its secret is not shown again. */
  readonly link: string;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
}

export interface EmailRequestDeps extends UseCase {
  readonly newId: NewId;
  readonly publicUrl: string;
  readonly blindIndexKeys: () => readonly Secret<Uint8Array>[];
}

/**
 * Records a request that came by e-mail, of somebody who has no session. It counts, and its clock runs from its receipt,
 * once the link was opened. The answer is the same whether a customer has that address or not.
 * @returns the link, which you send to the address
 * @throws WorkflowError invalid_receipt; too_many_receipts, if several links to the address wait; IdentityError forbidden,
 *   device_required
 */
export function askByEmail(
  deps: EmailRequestDeps,
  party: Party,
  { email, right, residence, receivedAtMs }: EmailRequest,
): Promise<Verification> {
  const id = deps.newId<CaseId>();
  const tenant = tenantOf(party);
  const act = {
    action: "request.ask_by_email",
    resource: { type: "email-request", id },
    details: { right },
  } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const facts = { tenant, subject: null };
    note(assertParty(party, (actor) => decideRequest(actor, "open_by_email", facts)));
    const nowMs = await readDatabaseClock(client);
    assertReceipt(receivedAtMs ?? nowMs, nowMs);
    const hashes = addressHashes(deps.blindIndexKeys(), tenant, email);
    await assertFewWait(client, hashes, nowMs);
    const secret = randomBytes(32);
    const expiresAtMs = nowMs + VALID_MS;
    await client.query(
      `insert into email_requests (tenant, id, address_hash, link_hash, "right", residence, recorded_by,
         received_at_ms, expires_at_ms) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        tenant,
        id,
        hashes[0],
        hashOfLink(secret),
        right,
        residence ?? null,
        nameOf(party),
        receivedAtMs ?? nowMs,
        expiresAtMs,
      ],
    );
    const slug = await slugOf(client);
    const link = `${deps.publicUrl}/request-verification#${slug}.${toBase64Url(secret)}`;
    return { link, expiresAtMs };
  });
}

/** @throws WorkflowError too_many_receipts */
async function assertFewWait(
  client: Client,
  hashes: readonly Uint8Array[],
  nowMs: number,
): Promise<void> {
  const { rows } = await client.query<{ count: number }>(
    `select count(*)::integer as count from email_requests
     where address_hash = any($1) and request is null and expires_at_ms > $2`,
    [hashes, nowMs],
  );
  const { allowed, reasons } = decideEmailRequest(rows[0]?.count ?? 0);
  if (!allowed)
    throw new WorkflowError(
      "too_many_receipts",
      "Several links to this address wait to be opened. Wait until they expire.",
      { reasons },
    );
}
