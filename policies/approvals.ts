import type { TenantId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";

/**
 * Decides whether `actor` may list the requests of `tenant` that wait for another person. Which of them are shown is a
 * decision about each act. Pure.
 */
export function decideApprovals(actor: Actor, tenant: TenantId): Decision {
  const rule = grantingRule(actor, "approvals", "read", { tenant });
  if (rule !== undefined) return allow(rule.reason);
  return deny(actor.tenant === tenant ? `role_${actor.role}` : "foreign_tenant");
}
