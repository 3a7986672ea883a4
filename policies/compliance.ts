import type { TenantId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";
import { auditRoles, programRoles, staffRoles, type Role } from "./roles.ts";

/** Decides whether `actor` may read the report of the checks. Denies by default. Pure. */
export function decideComplianceReading(actor: Actor, tenant: TenantId): Decision {
  const rule = grantingRule(actor, "compliance", "read", { tenant });
  if (rule !== undefined) return allow(rule.reason);
  if (tenant !== actor.tenant) return deny("foreign_tenant");
  return deny(`role_${actor.role}`);
}

/** How a check ends. "unknown": nothing here can tell, so a person must look. */
export type CheckState = "ok" | "warning" | "failed" | "unknown";

/** The number of accounts of each role that can sign in. */
export type RoleCounts = Readonly<Partial<Record<Role, number>>>;

const officers: readonly Role[] = ["compliance_officer", "privacy_officer"];

/**
 * Judges whether there are enough people: two officers, because acts need two, an administrator, and somebody who reads the
 * audit log. Pure.
 */
export function judgeStaffing(counts: RoleCounts): CheckState {
  const of = (some: readonly Role[]) => some.reduce((sum, role) => sum + (counts[role] ?? 0), 0);
  if (of(officers) === 0 || of(["admin"]) === 0) return "failed";
  return of(officers) < 2 || of(auditRoles) === 0 ? "warning" : "ok";
}

/** Returns the roles of people that do not need a second factor. Pure. */
export const rolesWithoutSecondFactor = (required: readonly string[]): readonly Role[] =>
  staffRoles.filter((role) => !programRoles.includes(role) && !required.includes(role));
