import { appendEntry } from "../../audit/append-entry.ts";
import type { EntryFilter } from "../../audit/export/entry-filter.ts";
import type { OperatorActor } from "../../audit/operator.ts";
import type { ConversationId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Actor } from "../../policies/actor.ts";
import {
  accountFor,
  actsByConversation,
  decideDisclosureReading,
  disclosingActs,
  sixYearsBefore,
  type Accounting,
  type LoggedAct,
} from "../../policies/disclosures.ts";
import { assertOperatorPurpose, assertPurpose } from "../assert-purpose.ts";
import { audited, assertAllowed } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import { findAll } from "./find-all.ts";
import type { LogReading } from "./follow-log.ts";

/** Whose disclosures are accounted for, and when. Times are in milliseconds since the Unix epoch. */
export interface DisclosuresQuestion {
  readonly subject: UserId;
  /** Six years before `untilMs` by default. */
  readonly fromMs?: number | undefined;
  /** The end of the period, exclusive; now by default. */
  readonly untilMs?: number | undefined;
}

/** The accounting of the disclosures about a person in a period. */
export interface Disclosures extends Accounting {
  readonly subject: UserId;
  readonly fromMs: number;
  readonly untilMs: number;
  /** Whether acts for treatment, payment and health care operations are listed. */
  readonly includesOperations: boolean;
  /** Entries that are none of ours. Nobody knows what they say. */
  readonly unreadable: number;
  /** Entries below this index were pruned, so that acts before them are missing. */
  readonly prunedBelow: number;
}

/**
 * Returns the accounting of the disclosures about an account of the actor's tenant (45 CFR 164.528). It is computed from the
 * audit log, whose entries are verified against the signed head.
 * @throws IdentityError forbidden, purpose_required, user_not_found; AuditError audit_log_altered and the refusals of
 *   `KnownHeads.open`
 */
export async function readDisclosures(
  deps: LogReading,
  actor: Actor,
  question: DisclosuresQuestion,
): Promise<Disclosures> {
  const { tenant } = actor;
  const decision = decideDisclosureReading(actor, tenant);
  const asked = periodOf(question, deps.now());
  const act = { ...readAct(tenant, asked), decision };
  const begun = await audited(deps, actor, act, async (client) => {
    assertAllowed(decision);
    assertPurpose(actor, "audit_log");
    return begin(client, tenant, asked);
  });
  return disclosuresOf(deps, tenant, asked, begun);
}

/** Like `readDisclosures`, for the operator of the server. */
export async function readDisclosuresAsOperator(
  deps: LogReading,
  tenant: TenantId,
  question: DisclosuresQuestion,
  by: OperatorActor,
): Promise<Disclosures> {
  const nowMs = deps.now();
  const asked = periodOf(question, nowMs);
  const begun = await inTransaction(deps.pool, tenant, async (client) => {
    await assertOperatorPurpose(client, tenant, by, "audit_log");
    const found = await begin(client, tenant, asked);
    await appendEntry(client, {
      ...readAct(tenant, asked),
      occurredAtMs: nowMs,
      tenant,
      actor: by,
      outcome: "success",
    });
    return found;
  });
  return disclosuresOf(deps, tenant, asked, begun);
}

/**
 * Returns the accounting of the last six years for the copy of the person's own data. The caller has decided that it may, and
 * writes the audit entry.
 * @throws IdentityError user_not_found; AuditError audit_log_altered and the refusals of `KnownHeads.open`
 */
export async function disclosuresAbout(
  deps: LogReading,
  tenant: TenantId,
  subject: UserId,
): Promise<Disclosures> {
  const asked = periodOf({ subject }, deps.now());
  const begun = await inTransaction(deps.pool, tenant, (client) => begin(client, tenant, asked));
  return disclosuresOf(deps, tenant, asked, begun);
}

type Period = Required<{ readonly [K in keyof DisclosuresQuestion]: DisclosuresQuestion[K] & {} }>;

function periodOf({ subject, fromMs, untilMs }: DisclosuresQuestion, nowMs: number): Period {
  const end = untilMs ?? nowMs;
  return { subject, fromMs: fromMs ?? sixYearsBefore(end), untilMs: end };
}

const readAct = (tenant: TenantId, { subject, fromMs, untilMs }: Period) =>
  ({
    action: "audit.read_disclosures",
    resource: { type: "audit-log", id: tenant },
    subject,
    details: { fromMs, untilMs },
  }) as const;

/** What the database knows beside the log. */
interface Begun {
  readonly includesOperations: boolean;
  /** The conversations that the person began. */
  readonly conversations: readonly ConversationId[];
}

const BEGUN = `
  select t.accounting_operations as "includesOperations",
    array(select id from conversations where created_by = u.id) as conversations
  from tenants t join users u on u.tenant = t.id where t.id = $1 and u.id = $2`;

async function begin(client: Client, tenant: TenantId, { subject }: Period): Promise<Begun> {
  const { rows } = await client.query<Begun>(BEGUN, [tenant, subject]);
  const [row] = rows;
  if (row === undefined) throw new IdentityError("user_not_found", "There is no such account.");
  return row;
}

const conversationActs = Object.keys(disclosingActs).filter(
  (action) => !action.startsWith("audit."),
);

/** The acts about a person that a search by the person does not find, because they name the person in their details. */
const namingActs = ["audit.read_names", "audit.search", "audit.export"];

async function disclosuresOf(
  deps: LogReading,
  tenant: TenantId,
  asked: Period,
  { includesOperations, conversations }: Begun,
): Promise<Disclosures> {
  const { subject, fromMs, untilMs } = asked;
  // An entry can be about several conversations.
  const acts = new Map<string, LoggedAct>();
  const unreadable = new Set<number>();
  const found = new Set<string>(conversations);
  let prunedBelow = 0;
  const collect = async (filter: EntryFilter, keep: (act: LoggedAct) => void) => {
    for (const page of await findAll(deps, tenant, { ...filter, outcome: "success" })) {
      prunedBelow = Math.max(prunedBelow, page.minimumIndex);
      for (const { index, ...read } of page.entries)
        if ("entry" in read) keep({ ...read.entry, index });
        else unreadable.add(index);
    }
  };
  const isWithin = ({ occurredAtMs }: LoggedAct) =>
    fromMs <= occurredAtMs && occurredAtMs < untilMs;
  const add = (act: LoggedAct) =>
    void (isWithin(act) && acts.set(`${act.index} ${act.resource.id}`, act));
  // A conversation that was deleted is still in the log. One whose creation was pruned is in the database.
  await collect({ subject, action: "conversation.create" }, (act) => {
    if (act.actor.id === subject) found.add(act.resource.id);
  });
  const period = { fromMs, untilMs };
  for (const resource of found)
    await collect({ ...period, resource }, (act) => {
      if (conversationActs.includes(act.action)) add(act);
    });
  await collect({ ...period, action: "conversation.list" }, (act) => {
    for (const each of actsByConversation(act, found)) add(each);
  });
  await collect({ ...period, subject, action: "audit.read_disclosures" }, add);
  for (const action of namingActs) await collect({ ...period, action }, add);
  return {
    subject,
    ...period,
    includesOperations,
    ...accountFor(subject, [...acts.values()], { includesOperations }),
    unreadable: unreadable.size,
    prunedBelow,
  };
}
