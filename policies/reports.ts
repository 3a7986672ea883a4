import { nilId, type DeviceId, type TenantId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";
import type { ReportAction } from "./rules/reports.ts";

const DAY_MS = 86_400_000;
/** Six months (Regulation (EU) 2022/2065 article 20), in milliseconds. */
export const APPEAL_WITHIN_MS = 184 * DAY_MS;
const OPEN_MS = 365 * DAY_MS;
/** The time for an appeal, and a month for the answer. */
const DECIDED_MS = APPEAL_WITHIN_MS + 30 * DAY_MS;

/**
 * Returns when what a report discloses is destroyed, if no legal hold covers it. Times are milliseconds since the Unix epoch.
 * @param decidedAtMs undefined while nobody has decided about it
 */
export const disclosedUntilMs = (submittedAtMs: number, decidedAtMs?: number): number =>
  decidedAtMs === undefined ? submittedAtMs + OPEN_MS : decidedAtMs + DECIDED_MS;

/** The facts for a decision about a report. */
export interface ReportFacts {
  readonly tenant: TenantId;
  /** Whether the actor is or was a member of the conversation: for "submit". */
  readonly wasMember?: boolean;
  /** Who made the report, and whom it is about. Without them it is about the list of reports. */
  readonly reporter?: string;
  readonly reported?: string;
  /** Who decided about the report: for "decide_appeal". */
  readonly judges?: readonly string[];
  /** Who asks for a ban: for "approve" and "refuse". */
  readonly requester?: string;
}

/** Decides whether `actor` may do `action` to a report. Denies by default. Pure. */
export function decideReport(actor: Actor, action: ReportAction, facts: ReportFacts): Decision {
  const rule = grantingRule(actor, "reports", action, facts);
  if (rule !== undefined) return allow(rule.reason);
  if (facts.tenant !== actor.tenant) return deny("foreign_tenant");
  const withDevice = { ...actor, device: actor.device ?? nilId<DeviceId>() };
  if (grantingRule(withDevice, "reports", action, facts) !== undefined)
    return deny("device_not_registered");
  const isAnswer = action === "approve" || action === "refuse";
  return deny(
    ...(isAnswer && facts.requester === actor.user ? ["own_request"] : []),
    ...(facts.judges?.includes(actor.user) === true ? ["own_decision"] : []),
    ...(facts.reporter === actor.user ? ["own_report"] : []),
    ...(facts.reported === actor.user ? ["reported_person"] : []),
    ...(action === "submit" && facts.wasMember !== true ? ["not_a_member"] : []),
    `role_${actor.role}`,
  );
}
