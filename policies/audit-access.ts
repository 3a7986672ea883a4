import type { TenantId } from "../crypto/wire/ids.ts";
import type { Actor, Role } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";

/** Roles that may read the audit log of their tenant, and nothing else. */
export const auditRoles: readonly Role[] = ["auditor", "compliance_officer"];

/** Decides whether `actor` may read the audit log of `tenant`: its tiles, by search, or its tail. Pure. */
export function decideAuditReading(actor: Actor, tenant: TenantId): Decision {
  if (actor.tenant !== tenant) return deny("foreign_tenant");
  if (!auditRoles.includes(actor.role)) return deny(`role_${actor.role}`);
  return allow("reads_audit_log");
}
