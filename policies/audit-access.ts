import type { TenantId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";

/** Decides whether `actor` may read the audit log of `tenant`: its tiles, by search, or its tail. Pure. */
export function decideAuditReading(actor: Actor, tenant: TenantId): Decision {
  const rule = grantingRule(actor, "audit_log", "read", { tenant });
  if (rule !== undefined) return allow(rule.reason);
  return deny(actor.tenant === tenant ? `role_${actor.role}` : "foreign_tenant");
}
