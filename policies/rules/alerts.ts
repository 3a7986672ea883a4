import { auditRoles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/** "read": list the alerts. "acknowledge": say that an officer has seen one. */
export type AlertAction = "read" | "acknowledge";

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
];
