import { auditRoles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/**
 * "read": list the alerts. "acknowledge": say that an officer has seen one. "read_webhook": see where alerts are sent, and
 * whether they arrive. "set_webhook": set, remove and try the webhook to which alerts are sent.
 */
export type AlertAction = "read" | "acknowledge" | "read_webhook" | "set_webhook";

/** No version of a policy changes these rules. An act could otherwise be hidden from the officers. */
export const alertRules: readonly PolicyRule<"alerts", AlertAction>[] = [
  {
    id: "alerts.read",
    resource: "alerts",
    actions: ["read"],
    roles: auditRoles,
    conditions: {},
    means: "The alerts of the tenant.",
    reason: "reads_alerts",
  },
  {
    id: "alerts.acknowledge",
    resource: "alerts",
    actions: ["acknowledge"],
    roles: ["compliance_officer"],
    device: "registered",
    conditions: { by: { $ne: "$actor.user" } },
    means: "Alerts to what somebody else did. The officer uses a registered device.",
    reason: "acknowledges_alerts",
  },
  {
    id: "alerts.read_webhook",
    resource: "alerts",
    actions: ["read_webhook"],
    roles: [...auditRoles, "admin"],
    conditions: {},
    means: "The host of the webhook to which alerts are sent, and whether they arrive.",
    reason: "reads_webhook",
  },
  {
    id: "alerts.set_webhook",
    resource: "alerts",
    actions: ["set_webhook"],
    roles: ["compliance_officer", "admin"],
    device: "registered",
    conditions: {},
    means:
      "Set, remove and try the webhook to which alerts are sent. The person uses a registered device. Officers are alerted.",
    reason: "sets_webhook",
  },
];
