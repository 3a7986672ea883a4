import type { Uuid } from "../crypto/wire/uuid.ts";
import type { Actor, Role } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";

/** Who may read the audit log of their tenant; beside it they read nothing. */
export const auditRoles: readonly Role[] = ["auditor", "compliance_officer"];

/** Whether `actor` may read the log of `tenant`, as tiles, by search or as it grows. Pure. */
export function decideAuditReading(actor: Actor, tenant: Uuid): Decision {
  if (actor.tenant !== tenant) return deny("foreign_tenant");
  if (!auditRoles.includes(actor.role)) return deny(`role_${actor.role}`);
  return allow("reads_audit_log");
}
