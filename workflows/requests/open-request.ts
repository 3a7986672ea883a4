import type { CaseId, NewId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { UseCase } from "../../identity/audited.ts";
import { userNotFound } from "../../identity/identity-error.ts";
import { lockAccount } from "../../identity/directory/lock-account.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import type { Right } from "../../policies/deadlines/periods.ts";
import { decideReceipt, decideRequest, RECEIPTS_WITHIN_MS } from "../../policies/requests.ts";
import { assertReceipt } from "../assert-receipt.ts";
import { WorkflowError } from "../workflow-error.ts";
import { receiveRequest, type OpenRequest } from "./receive-request.ts";
import { makeLink, ofRequest } from "./stored-request.ts";

/** What a person asks for. */
export interface AskedRequest {
  readonly right: Right;
  /** The account that the request is of. */
  readonly subject: UserId;
  /** Who asks: the person themselves, or staff who record it. */
  readonly channel: "customer" | "staff";
  /** Where the person says that they live: a code of ISO 3166, such as "DE" or "US-CA". */
  readonly residence?: string | undefined;
  /** When it was received, if that was before: by letter, for example. Milliseconds since the Unix epoch. */
  readonly receivedAtMs?: number | undefined;
}

/** The acknowledgement of a request. */
export interface AcknowledgedRequest {
  readonly id: CaseId;
  /** The first moment after the last day on which it must be answered, in milliseconds since the Unix epoch. */
  readonly dueAtMs: number;
  /** True if the person had asked for the same before, and both are one case now. */
  readonly isMerged: boolean;
  /**
   * The page that shows how far the request is, also when the account is gone. Its secret is not shown again. Null if
   * staff recorded a repeat: the person has a link already.
   */
  readonly link: string | null;
}

/**
 * Receives a request. If an earlier one of the same person for the same is not answered yet, both are one case, and the
 * earliest receipt starts the clock.
 * @throws WorkflowError right_not_available, invalid_receipt, too_many_receipts; IdentityError user_not_found, forbidden, device_required
 */
export function openRequest(
  deps: UseCase & { readonly newId: NewId; readonly publicUrl: string },
  party: Party,
  asked: AskedRequest,
): Promise<AcknowledgedRequest> {
  const { right, subject, residence, channel } = asked;
  const tenant = tenantOf(party);
  const id = deps.newId<CaseId>();
  const act = { action: "request.open", resource: ofRequest(id), subject } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) =>
      decideRequest(actor, channel === "customer" ? "open" : "open_for", { tenant, subject }),
    );
    // Requests of one person wait for each other, so that two at the same time become one case.
    if ((await lockAccount(client, subject)) === undefined) throw userNotFound();
    const nowMs = await readDatabaseClock(client);
    const receivedAtMs = asked.receivedAtMs ?? nowMs;
    assertReceipt(receivedAtMs, nowMs);
    await assertFewReceipts(client, asked, nowMs);
    const receipt = { id, subject, right, residence: residence ?? null, receivedAtMs, channel };
    const open = await findOpen(client, subject, right);
    const by = nameOf(party);
    const received = await receiveRequest(client, { ...receipt, by }, open, nowMs);
    const { request, law, dueAtMs, isMerged } = received;
    note({ ...decided, details: { request, right, law, receivedAtMs, dueAtMs, isMerged } });
    // Otherwise staff would see the page of any person by recording a repeat.
    const isForPerson = channel === "customer" || !isMerged;
    const link = isForPerson ? await makeLink(client, deps.publicUrl, request, nowMs) : null;
    return { id: request, dueAtMs, isMerged, link };
  });
}

const RECEIPTS = `
  select count(*)::integer as count from request_receipts n
  join cases c on c.tenant = n.tenant and c.id = n.request
  where c.subject = $1 and n.channel = $2 and n.recorded_at_ms > $3`;

/**
 * Requires that not too many requests of the person were recorded. The person and staff have limits of their own, so that
 * neither uses up what the other one has.
 * @throws WorkflowError too_many_receipts
 */
async function assertFewReceipts(
  client: Client,
  { subject, channel }: AskedRequest,
  nowMs: number,
): Promise<void> {
  const values = [subject, channel, nowMs - RECEIPTS_WITHIN_MS];
  const { rows } = await client.query<{ count: number }>(RECEIPTS, values);
  const { allowed, reasons } = decideReceipt(rows[0]?.count ?? 0);
  if (!allowed)
    throw new WorkflowError(
      "too_many_receipts",
      "Too many requests of this person were recorded within 30 days. Look at those that are open.",
      { reasons },
    );
}

/** Finds and locks the open request of a person for a right. */
export async function findOpen(
  client: Client,
  subject: UserId,
  right: Right,
): Promise<OpenRequest | undefined> {
  const { rows } = await client.query<OpenRequest>(
    `select r.id, r.received_at_ms as "receivedAtMs", c.due_at_ms as "dueAtMs"
     from requests r join cases c on c.tenant = r.tenant and c.id = r.id
     where c.subject = $1 and r."right" = $2 and c.ended_at_ms is null for update of c`,
    [subject, right],
  );
  return rows[0];
}
