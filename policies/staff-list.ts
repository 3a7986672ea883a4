import type { TenantId } from "../crypto/wire/ids.ts";
import { roles, type Actor, type Role } from "./actor.ts";
import { auditRoles } from "./audit-access.ts";
import { allow, deny, type Decision } from "./decision.ts";

/** Leaves out auditors, because no user writes to them. */
const listed: readonly Role[] = roles.filter(
  (role) => role !== "customer" && !auditRoles.includes(role),
);

/** Decides whether `actor` may list the staff of `tenant`, and which roles the list shows. Pure. */
export function decideStaffList(
  actor: Actor,
  tenant: TenantId,
): { readonly decision: Decision; readonly roles: readonly Role[] } {
  if (actor.tenant !== tenant) return { decision: deny("foreign_tenant"), roles: [] };
  if (auditRoles.includes(actor.role)) return { decision: deny(`role_${actor.role}`), roles: [] };
  return { decision: allow("lists_staff"), roles: listed };
}
