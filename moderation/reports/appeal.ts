import type { ReportId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { Client } from "../../db/pool.ts";
import { assertAllowed, audited, type UseCase } from "../../identity/audited.ts";
import { IdentityError } from "../../identity/identity-error.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import type { Actor } from "../../policies/actor.ts";
import type { AppealOutcome, ReportDecision } from "../../policies/report-terms.ts";
import { APPEAL_WITHIN_MS, decideReport, disclosedUntilMs } from "../../policies/reports.ts";
import { ReportError } from "./report-error.ts";
import {
  assertReason,
  lockForAppeal,
  ofReport,
  readReport,
  reportNotFound,
} from "./report-rows.ts";

/** A decision, as the person whom it is about sees it. Times are milliseconds since the Unix epoch. */
export interface OwnDecision {
  readonly id: ReportId;
  readonly decision: ReportDecision;
  readonly decidedAtMs: number;
  /** When the mute or the ban ends; null without one, and for a ban without an end. */
  readonly sanctionUntilMs: number | null;
  readonly appealedAtMs: number | null;
  /** Null while nobody has decided about the appeal. */
  readonly appealOutcome: AppealOutcome | null;
}

const OWN = `
  select r.id, d.decision, d.decided_at_ms as "decidedAtMs", s.until_ms as "sanctionUntilMs",
    a.appealed_at_ms as "appealedAtMs", a.outcome as "appealOutcome"
  from reports r
  join report_decisions d on d.tenant = r.tenant and d.report = r.id
  left join sanctions s on s.tenant = r.tenant and s.report = r.id
  left join report_appeals a on a.tenant = r.tenant and a.report = r.id
  where r.reported = $1 and d.decision <> 'dismiss'
  order by d.decided_at_ms desc, r.id limit 200`;

/**
 * Returns the last 200 decisions about the actor, the newest first: not who reported what, and no dismissed report.
 * @throws IdentityError forbidden
 */
export function listOwnDecisions(deps: UseCase, actor: Actor): Promise<readonly OwnDecision[]> {
  const { tenant, user } = actor;
  const act = { action: "report.list_own", resource: ofReport(tenant) } as const;
  return audited(deps, actor, act, async (client, note) => {
    const decision = decideReport(actor, "read_own", { tenant, reported: user });
    assertAllowed(decision);
    const { rows } = await client.query<OwnDecision>(OWN, [user]);
    note({ decision, details: { found: rows.length } });
    return rows;
  });
}

/**
 * Appeals against a decision about the actor, within six months, once. Another moderator looks at it.
 * @throws ReportError report_not_found, appeal_not_possible; IdentityError forbidden
 */
export function appealDecision(deps: UseCase, actor: Actor, id: ReportId): Promise<void> {
  const { tenant, user } = actor;
  const act = { action: "report.appeal", resource: ofReport(id), subject: user } as const;
  return audited(deps, actor, act, async (client, note) => {
    // Whoever may never appeal does not learn which exist.
    assertAllowed(decideReport(actor, "appeal", { tenant, reported: user }));
    await lockForAppeal(client, id);
    const { reported, decision: decided, decidedAtMs } = await readReport(client, id);
    const decision = decideReport(actor, "appeal", { tenant, reported });
    if (!decision.allowed || decided === null || decided === "dismiss") throw reportNotFound();
    const nowMs = await readDatabaseClock(client);
    const isLate = decidedAtMs === null || nowMs > decidedAtMs + APPEAL_WITHIN_MS;
    const { rowCount } = await client.query(
      `insert into report_appeals (tenant, report, appealed_at_ms)
       select $1, $2, $3 where not $4 on conflict do nothing`,
      [tenant, id, nowMs, isLate],
    );
    if (rowCount === 0)
      throw new ReportError(
        "appeal_not_possible",
        "You can appeal once, within six months of the decision.",
      );
    note({ decision });
  });
}

/** What another moderator decides about an appeal. */
export interface NewAppealDecision {
  readonly report: ReportId;
  /** "lifted": the mute or the ban ends at once. "upheld": everything stays. */
  readonly outcome: AppealOutcome;
  /** Why: one line of at most 200 characters. */
  readonly reason: string;
}

/**
 * Decides about an appeal, as another person than those who decided about the report.
 * @throws ReportError report_not_found, appeal_not_found, invalid_report; IdentityError own_approval, forbidden,
 *   device_required
 */
export function decideAppeal(
  deps: UseCase,
  party: Party,
  { report: id, outcome, reason }: NewAppealDecision,
): Promise<void> {
  const tenant = tenantOf(party);
  const details = { outcome };
  const act = { action: "report.decide_appeal", resource: ofReport(id), details } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    assertReason(reason);
    // Whoever may decide about none does not learn which exist.
    assertParty(party, (actor) => decideReport(actor, "decide_appeal", { tenant }));
    await lockForAppeal(client, id);
    const { reporter, reported, submittedAtMs } = await readReport(client, id);
    const judges = await judgesOf(client, id);
    if (judges.includes(nameOf(party)))
      throw new IdentityError("own_approval", "Another person must decide about the appeal.");
    const facts = { tenant, reporter, reported, judges };
    const decided = assertParty(party, (actor) => decideReport(actor, "decide_appeal", facts));
    const nowMs = await readDatabaseClock(client);
    const { rowCount } = await client.query(
      `update report_appeals set outcome = $2, reason = $3, decided_by = $4, decided_at_ms = $5
       where report = $1 and outcome is null`,
      [id, outcome, reason, nameOf(party), nowMs],
    );
    if (rowCount === 0)
      throw new ReportError("appeal_not_found", "No appeal against this decision waits.");
    if (outcome === "lifted")
      await client.query(
        `update sanctions set until_ms = greatest(from_ms + 1, $2)
         where report = $1 and (until_ms is null or until_ms > $2)`,
        [id, nowMs],
      );
    await client.query("update reports set disclosed_until_ms = $2 where id = $1", [
      id,
      disclosedUntilMs(submittedAtMs, nowMs),
    ]);
    note({ ...decided, subject: reported });
  });
}

/** Returns who decided about a report, and who approved it. */
async function judgesOf(client: Client, report: ReportId): Promise<readonly string[]> {
  const { rows } = await client.query<{ judge: string | null }>(
    `select unnest(array[d.decided_by, p.approver]) as judge from report_decisions d
     left join approvals p on p.tenant = d.tenant and p.id = d.approval where d.report = $1`,
    [report],
  );
  return rows.flatMap(({ judge }) => (judge === null ? [] : [judge]));
}
