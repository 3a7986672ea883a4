import { toHex } from "../../crypto/wire/bytes.ts";
import type { ConversationId, NewId, TenantId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { hashOfParameters, requestApproval } from "../../identity/approvals/request-approval.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import { assertFreshFactor } from "../../identity/second-factor/fresh-factor.ts";
import { ofConversation } from "../../messaging/conversation-act.ts";
import { conversationFacts } from "../../messaging/members/facts.ts";
import { decideRetention, isKeptShorter, type Labels } from "../../policies/retention.ts";
import { assertLine } from "../assert-line.ts";
import {
  labelsOf,
  lockRetention,
  readComingRules,
  readLocks,
  readRules,
} from "./stored-schedule.ts";

/** The name of the act that another person lets happen. */
export const CLASSIFY = "retention.classify";

/** Labels that somebody gives to a conversation. */
export interface NewClassification extends Labels {
  readonly conversation: ConversationId;
  /** Why, for the person who approves: one line of at most 300 characters. It is needed if records are kept shorter. */
  readonly reason?: string | undefined;
}

/** The request that another person approves, and the hash that they name; null if none is needed. */
export type RequestedClassification = { readonly id: Uuid; readonly hash: Uint8Array } | null;

/**
 * Says what the records of a conversation are that are received from now on, by the clock of the database. Earlier
 * records keep their labels. Labels with which records are kept for a shorter time wait for another person.
 * @throws MessagingError conversation_not_found; WorkflowError invalid_retention; IdentityError forbidden,
 *   device_required, step_up_required
 */
export async function classify(
  deps: UseCase & { readonly newId: NewId },
  party: Party,
  { conversation, reason = "", ...given }: NewClassification,
): Promise<RequestedClassification> {
  const tenant = tenantOf(party);
  const labels = labelsOf(given);
  const act = {
    action: CLASSIFY,
    resource: ofConversation(conversation),
    details: labels,
  } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const nowMs = deps.now();
    const decided = assertParty(party, (actor) => decideRetention(actor, "classify", { tenant }));
    const { createdBy: subject } = await conversationFacts(client, conversation);
    await lockRetention(client, tenant);
    const locks = await readLocks(client);
    const before = await labelsNow(client, conversation);
    const schedules = [await readRules(client), ...(await readComingRules(client))];
    if (!schedules.some((rules) => isKeptShorter({ rules, locks }, before, labels))) {
      const fromMs = await insertLabels(client, tenant, {
        conversation,
        labels,
        by: nameOf(party),
      });
      note({ ...decided, subject, details: { ...labels, fromMs } });
      return null;
    }
    assertLine("invalid_retention", "reason", reason);
    if ("actor" in party) await assertFreshFactor(client, party.actor, "classify", nowMs);
    const id = deps.newId<Uuid>();
    const parameters = parametersOf(conversation, labels);
    await requestApproval(client, party, { id, action: CLASSIFY, parameters, reason }, nowMs);
    const hash = hashOfParameters(CLASSIFY, parameters);
    note({ ...decided, subject, details: { ...labels, request: id, hash: toHex(hash) } });
    return { id, hash };
  });
}

/** Everything that an approval of labels is about. */
export const parametersOf = (
  conversation: ConversationId,
  labels: Labels,
): Readonly<Record<string, string>> =>
  Object.fromEntries([["conversation", conversation], ...Object.entries(labels)]);

/** Returns the labels of what a conversation receives now. */
async function labelsNow(client: Client, conversation: ConversationId): Promise<Labels> {
  const { rows } = await client.query<{ readonly [L in keyof Labels]-?: string | null }>(
    `select data_class as "dataClass", team, region from classifications
     where conversation = $1 order by from_ms desc limit 1`,
    [conversation],
  );
  return rows[0] === undefined ? {} : labelsOf(rows[0]);
}

/** @returns from when on the labels count, in milliseconds since the Unix epoch */
export async function insertLabels(
  client: Client,
  tenant: TenantId,
  {
    conversation,
    labels,
    by,
  }: { readonly conversation: ConversationId; readonly labels: Labels; readonly by: string },
): Promise<number> {
  const { rows } = await client.query<{ fromMs: number }>(
    `insert into classifications (tenant, conversation, from_ms, data_class, team, region, classified_by)
     select $1, $2, greatest(sealdesk.database_now_ms(), max(from_ms) + 1), $3, $4, $5, $6
     from classifications where conversation = $2
     returning from_ms as "fromMs"`,
    [
      tenant,
      conversation,
      labels.dataClass ?? null,
      labels.team ?? null,
      labels.region ?? null,
      by,
    ],
  );
  return rows[0]?.fromMs ?? Number.NaN;
}
