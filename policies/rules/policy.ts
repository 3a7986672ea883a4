import { auditRoles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/**
 * "explain": ask what an account may do, and why. "explain_members": the same about a conversation, an upload or
 * the devices of an account, whose answers tell who talks to whom. "read": read the versions of the policy. "preview": see
 * who loses and gains what by a version. "propose": make a draft. "withdraw": take a draft back, or an
 * approved version before it takes effect. "approve": let a version take effect.
 */
export type PolicyAction =
  "explain" | "explain_members" | "read" | "preview" | "propose" | "withdraw" | "approve";

/** The conditions refer to the facts of `decidePolicyAct`. No version of a policy changes these rules. */
export const policyRules: readonly PolicyRule<"policy", PolicyAction>[] = [
  {
    id: "policy.read",
    resource: "policy",
    actions: ["explain", "read", "preview"],
    roles: ["admin", "auditor", "compliance_officer"],
    conditions: {},
    means: "The policy of the tenant.",
    reason: "reads_policy",
  },
  {
    id: "policy.explain_members",
    resource: "policy",
    actions: ["explain_members"],
    // An admin does not learn who talks to whom.
    roles: auditRoles,
    conditions: {},
    means: "A conversation, an upload or the devices of an account of the tenant.",
    reason: "reads_audit_log",
  },
  {
    id: "policy.propose",
    resource: "policy",
    actions: ["propose", "withdraw"],
    roles: ["admin"],
    // A person with only a stolen password must not be able to change the policy.
    device: "registered",
    conditions: {},
    means: "The policy of the tenant. The admin uses a registered device.",
    reason: "proposes_policy",
  },
  {
    id: "policy.withdraw",
    resource: "policy",
    actions: ["withdraw"],
    roles: ["compliance_officer"],
    device: "registered",
    conditions: {},
    means: "The policy of the tenant. The officer uses a registered device.",
    reason: "withdraws_policy",
  },
  {
    id: "policy.approve",
    resource: "policy",
    actions: ["approve"],
    roles: ["admin", "compliance_officer"],
    device: "registered",
    conditions: { requester: { $ne: "$actor.user" } },
    means: "Somebody else has proposed the version. The actor uses a registered device.",
    reason: "second_person",
  },
];
