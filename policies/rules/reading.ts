import { auditRoles, roles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/** The facts of an account in the list of staff. Nobody writes to an auditor. */
export const listedStaff = { role: { $nin: [...auditRoles] } };

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
    roles: roles.filter((role) => role !== "bot" && !auditRoles.includes(role)),
    conditions: listedStaff,
    means: "The staff of the tenant, without auditors and compliance officers.",
    reason: "lists_staff",
  },
  {
    id: "staff_list.read_without_names",
    resource: "staff_list",
    actions: ["read"],
    // A bot hands a conversation to an account, and shows nobody its name.
    roles: ["bot"],
    conditions: listedStaff,
    fields: [],
    means: "The staff of the tenant, without auditors and compliance officers, and without names.",
    reason: "lists_staff",
  },
];
