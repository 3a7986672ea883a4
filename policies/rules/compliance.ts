import { auditRoles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/** "read": see whether the deployment and the tenant keep what they promise. */
export type ComplianceAction = "read";

/** No version of a policy changes this rule. Otherwise officers could be kept from seeing that something is wrong. */
export const complianceRules: readonly PolicyRule<"compliance", ComplianceAction>[] = [
  {
    id: "compliance.read",
    resource: "compliance",
    actions: ["read"],
    roles: [...auditRoles, "privacy_officer", "admin"],
    conditions: {},
    means: "The report about the tenant and the deployment.",
    reason: "oversees_compliance",
  },
];
