import type { DeviceId, ReportId, TenantId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { Client } from "../../db/pool.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import type { ReportDecision } from "../../policies/report-terms.ts";
import { decideReport, disclosedUntilMs } from "../../policies/reports.ts";
import { assertReason, lockReport, ofReport, type StoredReport } from "./report-rows.ts";

const HOUR_MS = 3_600_000;

/** What one moderator decides alone. */
export type NewDecision =
  | { readonly decision: "dismiss" | "warn"; readonly reason: string }
  | { readonly decision: "mute"; readonly reason: string; readonly hours: number };

/** A decision with everything that it does. */
export interface FinalDecision {
  readonly decision: ReportDecision;
  /** Why: one line of at most 200 characters. */
  readonly reason: string;
  /** The id of an account, or "operator:" and the name of a person. */
  readonly by: string;
  /** The request that a second moderator approved. */
  readonly approval?: Uuid;
  /** Who may not write, for a mute and a ban. */
  readonly sanction?: {
    readonly kind: "mute" | "ban";
    /** Undefined for all devices of the account. */
    readonly device?: DeviceId | undefined;
    /** Undefined until somebody lifts it. */
    readonly hours?: number | undefined;
  };
}

/**
 * Decides about a report: it is dismissed, its author is warned, or may not write for some hours. The decision is a person's,
 * and final unless the author appeals. A ban needs a second moderator: see `requestBan`.
 * @throws ReportError report_not_found, report_decided; IdentityError forbidden, device_required
 */
export function decideAboutReport(
  deps: UseCase,
  party: Party,
  id: ReportId,
  asked: NewDecision,
): Promise<void> {
  const { decision, reason } = asked;
  const tenant = tenantOf(party);
  const act = { action: "report.decide", resource: ofReport(id), details: { decision } } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    // Whoever may decide about none does not learn which exist.
    assertParty(party, (actor) => decideReport(actor, "decide", { tenant }));
    assertReason(reason);
    const report = await lockReport(client, id);
    const { reporter, reported } = report;
    const decided = assertParty(party, (actor) =>
      decideReport(actor, "decide", { tenant, reporter, reported }),
    );
    const hours = asked.decision === "mute" ? asked.hours : undefined;
    const sanction = hours === undefined ? {} : { sanction: { kind: "mute" as const, hours } };
    await recordDecision(client, tenant, report, {
      decision,
      reason,
      by: nameOf(party),
      ...sanction,
    });
    note({
      ...decided,
      subject: reported,
      details: { decision, ...(hours !== undefined && { hours }) },
    });
  });
}

/**
 * Stores a decision and its sanction in the caller's transaction, which has locked the report. The sanction is in force on all
 * nodes from its commit on.
 */
export async function recordDecision(
  client: Client,
  tenant: TenantId,
  { id, reported, submittedAtMs }: StoredReport,
  { decision, reason, by, approval, sanction }: FinalDecision,
): Promise<void> {
  const nowMs = await readDatabaseClock(client);
  await client.query(
    `insert into report_decisions (tenant, report, decision, reason, decided_by, approval, decided_at_ms)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [tenant, id, decision, reason, by, approval ?? null, nowMs],
  );
  await client.query("update reports set disclosed_until_ms = $2 where id = $1", [
    id,
    disclosedUntilMs(submittedAtMs, nowMs),
  ]);
  if (sanction === undefined) return;
  const { kind, device, hours } = sanction;
  await client.query(
    `insert into sanctions (tenant, report, account, device, kind, from_ms, until_ms)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      tenant,
      id,
      reported,
      device ?? null,
      kind,
      nowMs,
      hours === undefined ? null : nowMs + hours * HOUR_MS,
    ],
  );
}
