import type { TenantId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule, missingEvidence } from "./granting-rule.ts";

/**
 * Decides whether `actor` may learn the names behind account ids of `tenant`. It is another right than
 * reading the log, which holds no names. Pure.
 */
export function decideNameReading(actor: Actor, tenant: TenantId): Decision {
  const rule = grantingRule(actor, "account_names", "read", { tenant });
  if (rule !== undefined) return allow(rule.reason);
  if (actor.tenant !== tenant) return deny("foreign_tenant");
  return deny(`role_${actor.role}`, ...missingEvidence(actor, "account_names", "read", { tenant }));
}
