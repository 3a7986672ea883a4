import type { TenantId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";

/**
 * Decides whether `actor` may learn the names behind account ids of `tenant`. It is another right than
 * reading the log, which holds no names. Pure.
 */
export function decideNameReading(actor: Actor, tenant: TenantId): Decision {
  const rule = grantingRule(actor, "account_names", "read", { tenant });
  if (rule !== undefined) return allow(rule.reason);
  return deny(actor.tenant === tenant ? `role_${actor.role}` : "foreign_tenant");
}
