import type { ConversationId, NewId, ReportId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import {
  assertAllowed,
  assertAllowedOnDevice,
  audited,
  type UseCase,
} from "../../identity/audited.ts";
import type { ScopeKeys } from "../../keys/at-rest/scope-keys.ts";
import type { Secret } from "../../keys/secret.ts";
import { conversationFacts, notFound } from "../../messaging/members/facts.ts";
import type { Actor } from "../../policies/actor.ts";
import { MOST_OPEN_REPORTS, type ReportReason } from "../../policies/report-terms.ts";
import { decideReport, disclosedUntilMs } from "../../policies/reports.ts";
import { decideOpening } from "../../policies/restrictions.ts";
import { ReportError } from "./report-error.ts";
import { ofReport } from "./report-rows.ts";
import { sealMessages } from "./sealed-message.ts";
import { verifyMessage, type DisclosedMessage, type VerifiedMessage } from "./verify-messages.ts";

export interface SubmitDeps extends UseCase {
  readonly newId: NewId;
  readonly scopeKeys: ScopeKeys;
  /** All franking keys, also those that were rotated. */
  readonly frankingKeys: () => readonly Secret<Uint8Array>[];
}

/** What a member reports: messages of one author, and messages that make them understood. */
export interface NewReport {
  readonly conversation: ConversationId;
  readonly reason: ReportReason;
  readonly messages: readonly DisclosedMessage[];
}

/**
 * Reports messages of one author in a conversation that the actor is or was a member of. The server verifies each disclosed
 * message and keeps exactly these, sealed. It learns nothing about any other message.
 * @returns the id of the report
 * @throws ReportError report_not_authentic, report_exists, invalid_report, too_many_reports; MessagingError
 *   conversation_not_found, subject_erased; IdentityError forbidden, device_required, processing_restricted
 */
export function submitReport(deps: SubmitDeps, actor: Actor, asked: NewReport): Promise<ReportId> {
  const id = deps.newId<ReportId>();
  const { conversation, reason } = asked;
  const { tenant } = actor;
  const act = {
    action: "report.submit",
    resource: ofReport(id),
    details: { conversation },
  } as const;
  return audited(deps, actor, act, async (client, note) => {
    const facts = await conversationFacts(client, conversation);
    const wasMember = await hasBeenMember(client, conversation, actor.user);
    const decision = decideReport(actor, "submit", { tenant, wasMember });
    // Who was no member does not learn that the conversation exists.
    if (decision.reasons.includes("not_a_member")) throw notFound();
    assertAllowedOnDevice(decision);
    assertAllowed(decideOpening(actor, facts.restrictedTo));
    await assertFewOpen(client, actor.user);
    const messages: VerifiedMessage[] = [];
    for (const disclosed of asked.messages)
      messages.push(await verifyMessage(client, deps.frankingKeys(), conversation, disclosed));
    const reported = authorOf(messages, actor.user);
    const subject = facts.createdBy;
    const sealed = await sealMessages(
      deps.scopeKeys,
      { tenant, report: id, conversation, subject },
      messages,
    );
    const nowMs = deps.now();
    await client.query(
      `insert into reports (tenant, id, conversation, subject, reporter, reported, reason, submitted_at_ms, disclosed_until_ms)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        tenant,
        id,
        conversation,
        subject,
        actor.user,
        reported,
        reason,
        nowMs,
        disclosedUntilMs(nowMs),
      ],
    );
    const report = { id, conversation, reporter: actor.user };
    for (const [index, message] of messages.entries())
      await insertMessage(client, actor, report, message, sealed[index]);
    note({
      decision,
      subject: reported,
      details: { conversation, reason, messages: messages.length },
    });
    return id;
  });
}

async function hasBeenMember(
  client: Client,
  conversation: ConversationId,
  user: UserId,
): Promise<boolean> {
  const { rowCount } = await client.query(
    "select from members where conversation = $1 and user_id = $2 limit 1",
    [conversation, user],
  );
  return rowCount === 1;
}

/** @throws ReportError too_many_reports */
async function assertFewOpen(client: Client, reporter: UserId): Promise<void> {
  const { rowCount } = await client.query(
    `select from reports r where reporter = $1
       and not exists (select from report_decisions d where d.tenant = r.tenant and d.report = r.id) limit $2`,
    [reporter, MOST_OPEN_REPORTS],
  );
  if (rowCount === MOST_OPEN_REPORTS)
    throw new ReportError(
      "too_many_reports",
      `${MOST_OPEN_REPORTS} of your reports wait for a decision. Report more after some are decided.`,
    );
}

/**
 * Returns the one author of the messages that are reported.
 * @throws ReportError invalid_report
 */
function authorOf(messages: readonly VerifiedMessage[], reporter: UserId): UserId {
  const chosen = messages.filter(({ isContext }) => !isContext);
  const [author, another] = new Set(chosen.map((message) => message.author));
  const seqs = new Set(messages.map(({ seq }) => seq));
  if (author === undefined || another !== undefined || author === reporter)
    throw new ReportError(
      "invalid_report",
      "Report messages of one other member. Show messages of others as context.",
    );
  if (seqs.size < messages.length)
    throw new ReportError("invalid_report", "The report names a message twice.");
  return author;
}

const INSERT = `
  insert into reported_messages (tenant, report, conversation, seq, reporter, author, sender_device, received_at_ms,
    is_context, sealed)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing`;

/** @throws ReportError report_exists */
async function insertMessage(
  client: Client,
  { tenant }: Actor,
  report: {
    readonly id: ReportId;
    readonly conversation: ConversationId;
    readonly reporter: UserId;
  },
  { seq, author, senderDevice, receivedAtMs, isContext }: VerifiedMessage,
  sealed: Uint8Array | undefined,
): Promise<void> {
  const { id, conversation, reporter } = report;
  const { rowCount } = await client.query(INSERT, [
    tenant,
    id,
    conversation,
    seq,
    reporter,
    author,
    senderDevice,
    receivedAtMs,
    isContext,
    sealed,
  ]);
  if (rowCount === 0)
    throw new ReportError(
      "report_exists",
      "You have reported one of these messages before. Report the others alone.",
    );
}
