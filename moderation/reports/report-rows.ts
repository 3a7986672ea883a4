import type { ConversationId, ReportId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { AppealOutcome, ReportDecision, ReportReason } from "../../policies/report-terms.ts";
import { ReportError } from "./report-error.ts";

/** A report without what it discloses. Times are milliseconds since the Unix epoch. */
export interface StoredReport {
  readonly id: ReportId;
  readonly conversation: ConversationId;
  /** The person whom the conversation is about. */
  readonly subject: UserId;
  readonly reporter: UserId;
  readonly reported: UserId;
  readonly reason: ReportReason;
  readonly submittedAtMs: number;
  /** When the disclosed text is destroyed, unless a legal hold covers it. */
  readonly disclosedUntilMs: number;
  /** When it was destroyed; null before. */
  readonly destroyedAtMs: number | null;
  /** Null while nobody has decided. */
  readonly decision: ReportDecision | null;
  readonly decidedAtMs: number | null;
  /** The id of an account, or "operator:" and the name of a person. */
  readonly decidedBy: string | null;
  readonly decisionReason: string | null;
  /** When the mute or the ban ends; null without one, and for a ban without an end. */
  readonly sanctionUntilMs: number | null;
  /** When its author appealed against the decision; null if they did not. */
  readonly appealedAtMs: number | null;
  /** Null while nobody has decided about the appeal. */
  readonly appealOutcome: AppealOutcome | null;
}

export const SELECT_REPORTS = `
  select r.id, r.conversation, r.subject, r.reporter, r.reported, r.reason, r.submitted_at_ms as "submittedAtMs",
    r.disclosed_until_ms as "disclosedUntilMs", r.destroyed_at_ms as "destroyedAtMs", d.decision,
    d.decided_at_ms as "decidedAtMs", d.decided_by as "decidedBy", d.reason as "decisionReason",
    s.until_ms as "sanctionUntilMs", a.appealed_at_ms as "appealedAtMs", a.outcome as "appealOutcome"
  from reports r
  left join report_decisions d on d.tenant = r.tenant and d.report = r.id
  left join sanctions s on s.tenant = r.tenant and s.report = r.id
  left join report_appeals a on a.tenant = r.tenant and a.report = r.id`;

/** @throws ReportError report_not_found */
export async function readReport(client: Client, id: ReportId): Promise<StoredReport> {
  const { rows } = await client.query<StoredReport>(`${SELECT_REPORTS} where r.id = $1`, [id]);
  if (rows[0] === undefined) throw reportNotFound();
  return rows[0];
}

/** Reads a report that somebody decides about. Of two decisions at the same time one waits for the other. @throws ReportError report_not_found, report_decided */
export async function lockReport(client: Client, id: ReportId): Promise<StoredReport> {
  await lockForAppeal(client, id);
  const report = await readReport(client, id);
  if (report.decision !== null)
    throw new ReportError("report_decided", "Somebody has decided about this report. Read it.");
  return report;
}

/** Of two acts on a report at the same time one waits for the other. */
export async function lockForAppeal(client: Client, id: ReportId): Promise<void> {
  await client.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`report ${id}`]);
}

/** The resource of an act on a report. */
export const ofReport = (id: string) => ({ type: "report" as const, id });

export const reportNotFound = (): ReportError =>
  new ReportError("report_not_found", "There is no such report. Take an id of the list.");

/** What pages and terminals show on one line. */
const LINE = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,200}$/u;

/** Requires one line of 1 to 200 visible characters. @throws ReportError invalid_report */
export function assertReason(text: string): void {
  if (!LINE.test(text))
    throw new ReportError(
      "invalid_report",
      "The reason is one line of at most 200 characters, without characters that are not visible.",
    );
}
