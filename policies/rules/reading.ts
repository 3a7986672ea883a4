import { auditRoles, roles } from "../actor.ts";
import type { PolicyRule } from "./rule.ts";

/** What a role may read of the whole tenant. */
export const readingRules: readonly PolicyRule<"audit_log" | "staff_list", "read">[] = [
  {
    id: "audit_log.read",
    resource: "audit_log",
    actions: ["read"],
    roles: auditRoles,
    conditions: {},
    means: "The log of the tenant: its tiles, by search, and its tail.",
    reason: "reads_audit_log",
  },
  {
    id: "staff_list.read",
    resource: "staff_list",
    actions: ["read"],
    // Nobody writes to an auditor, and an auditor writes to nobody.
    roles: roles.filter((role) => !auditRoles.includes(role)),
    conditions: {},
    means: "The staff of the tenant.",
    reason: "lists_staff",
  },
];
