import type { PolicyRule } from "./rule.ts";

/** "read": list the requests that wait for another person. */
export type ApprovalAction = "read";

/** No version of a policy changes this rule. Which requests are shown is a decision about each act. */
export const approvalRules: readonly PolicyRule<"approvals", ApprovalAction>[] = [
  {
    id: "approvals.read",
    resource: "approvals",
    actions: ["read"],
    roles: [
      "agent",
      "supervisor",
      "moderator",
      "admin",
      "auditor",
      "compliance_officer",
      "privacy_officer",
    ],
    conditions: {},
    means: "Those requests that the actor may read by the rules of the act.",
    reason: "reads_approvals",
  },
];
