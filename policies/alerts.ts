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
  "alert.disable_webhook",
  "alert.remove_webhook",
  "alert.set_webhook",
  "audit.archive",
  "audit.export",
  "audit.remove_witness",
  "audit.set_retention",
  "breach.begin_step",
  "breach.close",
  "breach.open",
  "breach.remind",
  "breach.waive_notice",
  "break_glass.approve",
  "break_glass.end",
  "break_glass.request",
  "break_glass.use",
  "erasure.add_consumer",
  "erasure.begin",
  "erasure.remove_consumer",
  "hold.approve_release",
  "hold.ask_custodian",
  "hold.escalate",
  "hold.escalate_match",
  "hold.place",
  "hold.request_release",
  "policy.approve",
  "policy.effective",
  "report.approve_ban",
  "restriction.announce_lifting",
  "retention.approve",
  "retention.lock",
  "retention.save",
  "request.remind",
  "request.set_rules",
  "tenant.add_api_key",
  "tenant.add_customer_keys",
  "tenant.add_identity_provider",
  "tenant.add_monitor",
  "tenant.add_origin",
  "tenant.allow_anonymous_customers",
  "tenant.allow_staff_grants",
  "tenant.map_teams",
  "tenant.require_consents",
  "tenant.rotate_api_key",
  "tenant.set_accounting",
  "tenant.set_customer_jwks_url",
  "tenant.set_customer_keys",
  "tenant.set_idle_log_off",
  "tenant.set_message_revisions",
  "tenant.set_purpose_of_use",
  "tenant.set_second_factor",
  "tenant.unrevoke_customer_key",
  "user.create_password_reset",
  "user.enable",
  "user.link_identity",
  "user.lock_factor",
  "user.reset_factor",
  "user.reset_password",
  "user.set_password",
  "user.set_role",
];

/** What is known of an act that succeeded. */
export interface DoneAct {
  /** Its name in the audit log. */
  readonly action: string;
  /** The id of the account that acted, or the part of the system. */
  readonly actor: string;
  /** The id of what it was done to. */
  readonly resource: string;
  /** The role that it gives an account, if it gives one. */
  readonly role?: string | undefined;
  /** The identity provider whose group asks for it. */
  readonly provider?: string | undefined;
}

/** Whether officers are alerted to an act. Pure. */
export function isAlerting({ action, actor, resource, role, provider }: DoneAct): boolean {
  if (action === "user.create") return role !== "customer";
  // The mapping of a group has alerted them. A membership by hand follows nothing that they know.
  if (action === "team.add_member") return provider === undefined;
  // Whoever removes a passkey of their own has proved to be its owner.
  if (action === "user.remove_passkey") return actor !== resource;
  return alertingActs.includes(action);
}

/** Facts for a decision about alerts. */
export interface AlertFacts {
  readonly tenant: TenantId;
  /** Who did the act that the alert is about: for "acknowledge". */
  readonly by?: string;
}

/** Decides about an act on the alerts of a tenant, or on their webhook. Pure. */
export function decideAlerts(actor: Actor, action: AlertAction, facts: AlertFacts): Decision {
  const rule = grantingRule(actor, "alerts", action, facts);
  if (rule !== undefined) return allow(rule.reason);
  if (actor.tenant !== facts.tenant) return deny("foreign_tenant");
  const withDevice = { ...actor, device: actor.device ?? nilId<DeviceId>() };
  if (grantingRule(withDevice, "alerts", action, facts) !== undefined)
    return deny("device_not_registered");
  return facts.by === actor.user
    ? deny("own_act", `role_${actor.role}`)
    : deny(`role_${actor.role}`);
}
