import { nilId, type DeviceId, type TenantId } from "../crypto/wire/ids.ts";
import type { Actor } from "./actor.ts";
import { allow, deny, type Decision } from "./decision.ts";
import { grantingRule } from "./granting-rule.ts";
import type { AlertAction } from "./rules/alerts.ts";

/**
 * The acts that officers are alerted to, by their names in the audit log. They give somebody more rights, take a
 * safeguard away, or let data leave the tenant.
 */
const alertingActs: readonly string[] = [
  "account.reset",
  "audit.export",
  "break_glass.approve",
  "break_glass.end",
  "break_glass.request",
  "break_glass.use",
  "policy.approve",
  "policy.effective",
  "tenant.add_api_key",
  "tenant.add_identity_provider",
  "tenant.add_monitor",
  "tenant.allow_staff_grants",
  "tenant.set_customer_jwks_url",
  "tenant.set_customer_keys",
  "tenant.set_second_factor",
  "user.enable",
  "user.reset_factor",
  "user.set_role",
];

/** Whether officers are alerted when an act of that name succeeds. */
export const isAlerting = (act: string): boolean => alertingActs.includes(act);

/** Decides whether `actor` may read the alerts of `tenant`, or acknowledge one. Pure. */
export function decideAlerts(actor: Actor, action: AlertAction, tenant: TenantId): Decision {
  const rule = grantingRule(actor, "alerts", action, { tenant });
  if (rule !== undefined) return allow(rule.reason);
  if (actor.tenant !== tenant) return deny("foreign_tenant");
  const withDevice = { ...actor, device: actor.device ?? nilId<DeviceId>() };
  return grantingRule(withDevice, "alerts", action, { tenant }) === undefined
    ? deny(`role_${actor.role}`)
    : deny("device_not_registered");
}
