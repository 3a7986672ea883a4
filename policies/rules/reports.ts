import type { PolicyRule } from "./rule.ts";

/**
 * "submit": report messages. "read": see reports and what they disclose. "decide": decide about a report, and ask for a ban.
 * "approve", "refuse": answer the request of another moderator for a ban. "withdraw": take such a request back. "count": see
 * how many reports there are. "read_own": see the decisions about oneself. "appeal": have one looked at again.
 * "decide_appeal": decide about an appeal.
 */
export type ReportAction =
  | "submit"
  | "read"
  | "decide"
  | "approve"
  | "refuse"
  | "withdraw"
  | "count"
  | "read_own"
  | "appeal"
  | "decide_appeal";

/** Nobody judges a report of their own, or one about themselves. */
const ofOthers = { reporter: { $ne: "$actor.user" }, reported: { $ne: "$actor.user" } };

/** The conditions refer to the facts of `decideReport`. No version of a policy changes these rules. */
export const reportRules: readonly PolicyRule<"reports", ReportAction>[] = [
  {
    id: "reports.submit",
    resource: "reports",
    actions: ["submit"],
    roles: ["customer", "agent", "supervisor"],
    device: "registered",
    conditions: { wasMember: true },
    means: "The actor is or was a member of the conversation, and uses a registered device.",
    reason: "was_member",
  },
  {
    id: "reports.read",
    resource: "reports",
    actions: ["read"],
    roles: ["moderator"],
    conditions: ofOthers,
    means: "Somebody else made the report, and it is about somebody else.",
    reason: "moderates",
  },
  {
    id: "reports.decide",
    resource: "reports",
    actions: ["decide", "withdraw"],
    roles: ["moderator"],
    device: "registered",
    conditions: ofOthers,
    means:
      "Somebody else made the report, and it is about somebody else. The moderator uses a registered device. A ban needs a second moderator.",
    reason: "moderates",
  },
  {
    id: "reports.answer",
    resource: "reports",
    actions: ["approve", "refuse"],
    roles: ["moderator"],
    device: "registered",
    conditions: { ...ofOthers, requester: { $ne: "$actor.user" } },
    means:
      "Another moderator asks for the ban, and the report is of and about somebody else. The moderator uses a registered device.",
    reason: "another_person",
  },
  {
    id: "reports.appeal",
    resource: "reports",
    actions: ["read_own", "appeal"],
    roles: ["customer", "agent", "supervisor"],
    conditions: { reported: "$actor.user" },
    means: "The decision is about the actor.",
    reason: "reported_person",
  },
  {
    id: "reports.decide_appeal",
    resource: "reports",
    actions: ["decide_appeal"],
    roles: ["moderator"],
    device: "registered",
    conditions: { ...ofOthers, judges: { $ne: "$actor.user" } },
    means:
      "Another moderator decided about the report, which is of and about somebody else. The moderator uses a registered device.",
    reason: "another_person",
  },
  {
    id: "reports.count",
    resource: "reports",
    actions: ["count"],
    roles: ["supervisor", "moderator", "compliance_officer"],
    conditions: {},
    means: "The numbers of the tenant's reports, without what they say and whom they are about.",
    reason: "oversees_reports",
  },
];
