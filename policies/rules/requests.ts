import { auditRoles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/**
 * "open": ask for what the law gives oneself. "export": take the copy that answers one's own request. "open_for": record the request of somebody else. "read": see how far a
 * request is. "extend": take more time. "decide": accept, refuse or answer it. "withdraw": end it at the wish of the person.
 * "open_by_email": record one of somebody whom only an e-mail address is known of. "assign": say whose that is.
 * "renew_link": give the person a new link in place of the earlier ones. "set_rules": say which law applies to whom.
 * "read_rules": read that.
 */
export type RequestAction =
  | "open"
  | "export"
  | "open_for"
  | "read"
  | "extend"
  | "decide"
  | "withdraw"
  | "renew_link"
  | "open_by_email"
  | "assign"
  | "set_rules"
  | "read_rules";

/**
 * The conditions refer to the facts of `decideRequest`. No version of a policy changes these rules. What the law gives
 * a person could otherwise be taken from them.
 */
export const requestRules: readonly PolicyRule<"requests", RequestAction>[] = [
  {
    id: "requests.own",
    resource: "requests",
    actions: ["open", "read", "withdraw"],
    roles: ["customer"],
    conditions: { subject: "$actor.user" },
    means: "The actor's own request.",
    reason: "own_request",
  },
  {
    id: "requests.export",
    resource: "requests",
    actions: ["export"],
    roles: ["customer"],
    device: "registered",
    conditions: { subject: "$actor.user" },
    means: "The copy of the actor's own data. The actor uses a registered device.",
    reason: "own_copy",
  },
  {
    id: "requests.open_for",
    resource: "requests",
    actions: ["open_for"],
    roles: ["agent", "supervisor", "compliance_officer", "privacy_officer"],
    device: "registered",
    conditions: { subject: { $ne: "$actor.user" } },
    means: "The request of somebody else. The actor uses a registered device.",
    reason: "on_behalf",
  },
  {
    id: "requests.read",
    resource: "requests",
    actions: ["read", "read_rules"],
    roles: [...auditRoles, "privacy_officer"],
    conditions: {},
    means: "The requests of the tenant.",
    reason: "oversees_requests",
  },
  {
    id: "requests.decide",
    resource: "requests",
    actions: ["extend", "decide", "withdraw", "renew_link", "open_by_email", "assign", "set_rules"],
    roles: ["compliance_officer", "privacy_officer"],
    device: "registered",
    conditions: { subject: { $ne: "$actor.user" } },
    means: "The request is not the actor's own. The officer uses a registered device.",
    reason: "decides_requests",
  },
];
