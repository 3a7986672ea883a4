import { auditRoles, roles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/** What a role may read of the whole tenant. */
export const readingRules: readonly PolicyRule<
  "audit_log" | "account_names" | "staff_list",
  "read"
>[] = [
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
    id: "account_names.read",
    resource: "account_names",
    actions: ["read"],
    roles: auditRoles,
    conditions: {},
    means: "The names of the accounts in the audit log of the tenant.",
    reason: "reads_account_names",
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
