import type { DeviceId, ReportId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import { decodePayload, type Body } from "../../crypto/wire/payload.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import type { ScopeKeys } from "../../keys/at-rest/scope-keys.ts";
import { decideReport } from "../../policies/reports.ts";
import { ofReport, readReport, SELECT_REPORTS, type StoredReport } from "./report-rows.ts";
import { openPayloads } from "./sealed-message.ts";

/** What a moderator sees of a message. */
export interface ShownMessage {
  readonly seq: number;
  readonly author: UserId;
  readonly device: DeviceId;
  /** Milliseconds since the Unix epoch. */
  readonly receivedAtMs: number;
  readonly isContext: boolean;
  /** Null after what was disclosed is destroyed. */
  readonly content: ShownContent | null;
}

/** The content without keys: nobody opens an attachment with it. */
export interface ShownContent {
  readonly kind: Body["kind"];
  /** Null for a message without text. */
  readonly text: string | null;
  readonly attachment: {
    readonly name: string;
    readonly mediaType: string;
    /** In bytes. */
    readonly size: number;
  } | null;
}

/** A report with what it discloses. */
export interface ShownReport extends StoredReport {
  readonly messages: readonly ShownMessage[];
}

const LIST = `${SELECT_REPORTS}
  where ($1 or d.decision is null or (a.appealed_at_ms is not null and a.outcome is null)) and ($2::uuid is null or $2 not in (r.reporter, r.reported))
  order by (d.decision is null) desc, r.submitted_at_ms, r.id limit 200`;

/**
 * Returns the first 200 reports of the queue, the oldest first. A moderator does not see those of and about themselves.
 * @param all also those that are decided, after the others
 * @throws IdentityError forbidden
 */
export function listReports(
  deps: UseCase,
  party: Party,
  { all }: { readonly all: boolean },
): Promise<readonly StoredReport[]> {
  const tenant = tenantOf(party);
  const act = { action: "report.list", resource: ofReport(tenant) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) => decideReport(actor, "read", { tenant }));
    const own = "actor" in party ? party.actor.user : null;
    const { rows } = await client.query<StoredReport>(LIST, [all, own]);
    note({ ...decided, details: { found: rows.length } });
    return rows;
  });
}

interface MessageRow extends Omit<ShownMessage, "content"> {
  readonly sealed: Uint8Array | null;
}

const MESSAGES = `
  select seq, author, sender_device as device, received_at_ms as "receivedAtMs", is_context as "isContext", sealed
  from reported_messages where report = $1 order by seq`;

/**
 * Returns a report with exactly what the reporter disclosed.
 * @throws ReportError report_not_found; IdentityError forbidden; KeysError kms_...
 */
export async function showReport(
  deps: UseCase & { readonly scopeKeys: ScopeKeys },
  party: Party,
  id: ReportId,
): Promise<ShownReport> {
  const tenant = tenantOf(party);
  const act = { action: "report.read", resource: ofReport(id) } as const;
  const report = await auditedBy(deps, party, act, async (client, note) => {
    // Whoever may read none does not learn which exist.
    assertParty(party, (actor) => decideReport(actor, "read", { tenant }));
    const found = await readReport(client, id);
    const { reporter, reported } = found;
    const facts = { tenant, reporter, reported };
    note({
      ...assertParty(party, (actor) => decideReport(actor, "read", facts)),
      subject: reported,
    });
    return found;
  });
  return { ...report, messages: await openMessages(deps, tenant, id) };
}

async function openMessages(
  { pool, scopeKeys }: UseCase & { readonly scopeKeys: ScopeKeys },
  tenant: TenantId,
  id: ReportId,
): Promise<readonly ShownMessage[]> {
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query<MessageRow>(MESSAGES, [id]),
  );
  const payloads = await openPayloads(scopeKeys, { tenant, report: id }, rows);
  return rows.map(({ seq, author, device, receivedAtMs, isContext }, index) => {
    const payload = payloads[index];
    const content = payload === undefined ? null : contentOf(payload);
    return { seq, author, device, receivedAtMs, isContext, content };
  });
}

function contentOf(payload: Uint8Array): ShownContent {
  const { body } = decodePayload(payload);
  const text = "text" in body ? body.text : null;
  if (body.kind !== "attachment") return { kind: body.kind, text, attachment: null };
  const { name, mediaType, size } = body.attachment;
  return { kind: body.kind, text, attachment: { name, mediaType, size } };
}

/** The numbers of a tenant's reports. */
export interface ReportCounts {
  readonly open: number;
  /** By decision. */
  readonly decided: Readonly<Record<string, number>>;
  /** When the oldest one was submitted that waits for a decision, in milliseconds; null if none does. */
  readonly oldestOpenAtMs: number | null;
}

const COUNT = `
  select coalesce(d.decision, 'open') as decision, count(*)::int4 as count, min(r.submitted_at_ms) as "oldestAtMs"
  from reports r left join report_decisions d on d.tenant = r.tenant and d.report = r.id group by 1 order by 1`;

/** Returns how many reports there are, and no more about them. @throws IdentityError forbidden */
export function countReports(deps: UseCase, party: Party): Promise<ReportCounts> {
  const tenant = tenantOf(party);
  const act = { action: "report.count", resource: ofReport(tenant) } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    note(assertParty(party, (actor) => decideReport(actor, "count", { tenant })));
    const { rows } = await client.query<{
      readonly decision: string;
      readonly count: number;
      readonly oldestAtMs: number;
    }>(COUNT);
    const open = rows.find(({ decision }) => decision === "open");
    const decided = rows.filter((row) => row !== open);
    return {
      open: open?.count ?? 0,
      decided: Object.fromEntries(decided.map(({ decision, count }) => [decision, count])),
      oldestOpenAtMs: open?.oldestAtMs ?? null,
    };
  });
}
