import { auditRoles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/**
 * "read": see breaches, what they expose and whom to notify. "open": open a case. "record": record what becomes known, and
 * notices that were sent or are not due. "contain": have sessions revoked and keys rotated. "close": close a case.
 */
export type BreachAction = "read" | "open" | "record" | "contain" | "close";

/** The conditions refer to the facts of `decideBreach`. No version of a policy changes these rules. */
export const breachRules: readonly PolicyRule<"breaches", BreachAction>[] = [
  {
    id: "breaches.read",
    resource: "breaches",
    actions: ["read"],
    roles: [...auditRoles, "privacy_officer"],
    conditions: {},
    means: "The breaches of the tenant.",
    reason: "oversees_breaches",
  },
  {
    id: "breaches.handle",
    resource: "breaches",
    actions: ["open", "record", "contain", "close"],
    roles: ["compliance_officer", "privacy_officer"],
    device: "registered",
    conditions: {},
    means: "The officer uses a registered device.",
    reason: "handles_breaches",
  },
];
