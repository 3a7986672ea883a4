import type { TenantId } from "../crypto/wire/ids.ts";
import { auditRoles, staffRoles, type Actor, type Role } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";

/** Leaves out auditors, because no user writes to them. */
const listed: readonly Role[] = staffRoles.filter((role) => !auditRoles.includes(role));

/** Decides whether `actor` may list the staff of `tenant`, and which roles the list shows. Pure. */
export function decideStaffList(
  actor: Actor,
  tenant: TenantId,
): { readonly decision: Decision; readonly roles: readonly Role[] } {
  const rule = grantingRule(actor, "staff_list", "read", { tenant });
  if (rule !== undefined) return { decision: allow(rule.reason), roles: listed };
  const reason = actor.tenant === tenant ? `role_${actor.role}` : "foreign_tenant";
  return { decision: deny(reason), roles: [] };
}
