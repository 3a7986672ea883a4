import { appendEntry } from "../../audit/append-entry.ts";
import type { CaseId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { findTenant } from "../../identity/accounts/tenant.ts";
import type { UseCase } from "../../identity/audited.ts";
import type { Right } from "../../policies/deadlines/periods.ts";
import { WorkflowError } from "../workflow-error.ts";
import type { RequestLink } from "./linked-request.ts";
import type { AcknowledgedRequest } from "./open-request.ts";
import { receiveRequest, type OpenRequest } from "./receive-request.ts";
import { hashOfLink, makeLink, ofRequest } from "./stored-request.ts";

interface Waiting {
  readonly id: CaseId;
  readonly addressHash: Uint8Array;
  readonly right: Right;
  readonly residence: string | null;
  readonly recordedBy: string;
  readonly receivedAtMs: number;
}

/**
 * Receives the request that came by e-mail, because whoever opens the link has the mailbox. Requests from one address for
 * the same are one case. Nobody knows yet whose account it is about: an officer says so.
 * @throws WorkflowError email_request_not_found, right_not_available
 */
export async function verifyEmailRequest(
  deps: UseCase & { readonly publicUrl: string },
  { tenant: slug, secret }: RequestLink,
): Promise<AcknowledgedRequest> {
  const tenant = await findTenant(deps.pool, slug);
  if (tenant === undefined) throw notFound();
  return inTransaction(deps.pool, tenant.id, async (client) => {
    const nowMs = await readDatabaseClock(client);
    const {
      id,
      addressHash,
      recordedBy: by,
      ...asked
    } = await lockWaiting(client, hashOfLink(secret.reveal()), nowMs);
    const open = await findOpenOf(client, addressHash, asked.right);
    const receipt = { ...asked, id, subject: null, channel: "email" as const, by };
    const received = await receiveRequest(client, receipt, open, nowMs);
    const { request, law, dueAtMs, isMerged } = received;
    await client.query("update email_requests set request = $2 where id = $1", [id, request]);
    const { right, receivedAtMs } = asked;
    await appendEntry(client, {
      occurredAtMs: deps.now(),
      tenant: tenant.id,
      actor: { kind: "system", id: "request-link" },
      action: "request.open",
      resource: ofRequest(id),
      outcome: "success",
      details: { request, right, law, receivedAtMs, dueAtMs, isMerged },
    });
    const link = await makeLink(client, deps.publicUrl, request, nowMs);
    return { id: request, dueAtMs, isMerged, link };
  });
}

async function lockWaiting(client: Client, linkHash: Uint8Array, nowMs: number): Promise<Waiting> {
  const { rows } = await client.query<Waiting>(
    `select id, address_hash as "addressHash", "right", residence, recorded_by as "recordedBy",
       received_at_ms as "receivedAtMs"
     from email_requests where link_hash = $1 and request is null and expires_at_ms > $2 for update`,
    [linkHash, nowMs],
  );
  if (rows[0] === undefined) throw notFound();
  return rows[0];
}

/**
 * Finds and locks the open request from an address for a right, of which nobody knows yet whose it is. The link that opens it
 * must not open the page of a person whom an officer has named.
 */
async function findOpenOf(
  client: Client,
  addressHash: Uint8Array,
  right: Right,
): Promise<OpenRequest | undefined> {
  // Two links of one address at the same time would otherwise become two cases.
  await client.query(
    "select pg_advisory_xact_lock(hashtext('sealdesk.email_requests'), hashtext(encode($1, 'hex')))",
    [addressHash],
  );
  const { rows } = await client.query<OpenRequest>(
    `select r.id, r.received_at_ms as "receivedAtMs", c.due_at_ms as "dueAtMs"
     from requests r join cases c on c.tenant = r.tenant and c.id = r.id
     where r."right" = $2 and c.ended_at_ms is null and c.subject is null
       and r.id in (select request from email_requests where address_hash = $1)
     order by r.id limit 1 for update of c`,
    [addressHash, right],
  );
  return rows[0];
}

const notFound = (): WorkflowError =>
  new WorkflowError(
    "email_request_not_found",
    "This link is not valid: it was opened before, or it is too old. Ask again.",
  );
