import { auditRoles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/**
 * "request": ask for access to a conversation in an emergency. "approve", "refuse": answer the request of somebody
 * else. "end": take a request back, or end the access before its time. "review": judge it afterwards. "read": list
 * requests, accesses and reviews.
 */
export type BreakGlassAction = "request" | "approve" | "refuse" | "end" | "review" | "read";

const ofAnother = { requester: { $ne: "$actor.user" } };

/** The conditions refer to the facts of `decideBreakGlass`. No version of a policy changes these rules. */
export const breakGlassRules: readonly PolicyRule<"break_glass", BreakGlassAction>[] = [
  {
    id: "break_glass.request",
    resource: "break_glass",
    actions: ["request"],
    // Devices take nobody else who joins by themselves.
    roles: ["agent", "supervisor"],
    device: "registered",
    conditions: { state: "open", isMember: false, mayJoin: false },
    means:
      "The conversation is open, and no other rule lets the actor join it. The actor uses a registered device.",
    reason: "emergency",
  },
  {
    id: "break_glass.approve",
    resource: "break_glass",
    actions: ["approve", "refuse"],
    // An admin does not learn who talks to whom.
    roles: ["supervisor", "compliance_officer"],
    device: "registered",
    conditions: ofAnother,
    means: "Somebody else asks for the access. The actor uses a registered device.",
    reason: "another_person",
  },
  {
    id: "break_glass.end_own",
    resource: "break_glass",
    actions: ["end", "read"],
    roles: ["agent", "supervisor"],
    conditions: { requester: "$actor.user" },
    means: "The actor's own request or access.",
    reason: "own_request",
  },
  {
    id: "break_glass.end",
    resource: "break_glass",
    actions: ["end"],
    roles: ["compliance_officer"],
    conditions: {},
    means: "Each request and access of the tenant.",
    reason: "ends_access",
  },
  {
    id: "break_glass.review",
    resource: "break_glass",
    actions: ["review"],
    roles: ["compliance_officer"],
    device: "registered",
    conditions: { ...ofAnother, approvers: { $ne: "$actor.user" } },
    means:
      "The officer neither asked for the access nor approved it, and uses a registered device.",
    reason: "reviews_access",
  },
  {
    id: "break_glass.read",
    resource: "break_glass",
    actions: ["read"],
    roles: ["supervisor", ...auditRoles],
    conditions: {},
    means: "Each request and access of the tenant.",
    reason: "oversees_access",
  },
];
