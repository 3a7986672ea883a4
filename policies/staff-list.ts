import type { TenantId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { listingRule } from "./lists/allowed-rows.ts";

/**
 * Decides whether `actor` may list the staff of `tenant` at all. The conditions of the rules say who is in the
 * list. Pure.
 */
export function decideStaffList(actor: Actor, tenant: TenantId): Decision {
  if (actor.tenant !== tenant) return deny("foreign_tenant");
  const rule = listingRule(actor, "staff_list", "read");
  return rule === undefined ? deny(`role_${actor.role}`) : allow(rule.reason);
}
