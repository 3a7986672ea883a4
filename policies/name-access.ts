import type { TenantId } from "../crypto/wire/ids.ts";
import type { Actor, Role } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";

/** Roles that may learn the names of the accounts in the audit log of their tenant. */
const nameRoles: readonly Role[] = ["auditor", "compliance_officer"];

/**
 * Decides whether `actor` may learn the names behind account ids of `tenant`. It is another right than
 * reading the log, which holds no names. Pure.
 */
export function decideNameReading(actor: Actor, tenant: TenantId): Decision {
  if (actor.tenant !== tenant) return deny("foreign_tenant");
  if (!nameRoles.includes(actor.role)) return deny(`role_${actor.role}`);
  return allow("reads_account_names");
}
