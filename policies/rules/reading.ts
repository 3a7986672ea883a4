import { auditRoles, unlistedRoles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/** The facts of an account in the list of staff. */
export const listedStaff = { role: { $nin: [...unlistedRoles] } };

/** What a role may read of the whole tenant. */
export const readingRules: readonly PolicyRule<
  "audit_log" | "account_names" | "disclosures" | "staff_list",
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
    // An accounting of disclosures names who received them.
    roles: [...auditRoles, "privacy_officer"],
    conditions: {},
    means: "The names of the accounts in the audit log of the tenant.",
    reason: "reads_account_names",
  },
  {
    id: "disclosures.read",
    resource: "disclosures",
    actions: ["read"],
    roles: [...auditRoles, "privacy_officer"],
    conditions: {},
    means: "The accounting of the disclosures about each account of the tenant.",
    reason: "accounts_for_disclosures",
  },
  {
    id: "staff_list.read",
    resource: "staff_list",
    actions: ["read"],
    // Nobody writes to an auditor, and an auditor writes to nobody. An archiver only receives.
    roles: ["customer", "agent", "supervisor", "moderator", "admin", "privacy_officer"],
    conditions: listedStaff,
    means: "The staff of the tenant, without auditors, officers and moderators.",
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
    means: "The staff of the tenant, without auditors, officers and moderators, and without names.",
    reason: "lists_staff",
  },
];
