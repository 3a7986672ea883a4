import { auditRoles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/**
 * "place": preserve data for a matter. "review": set the date of the next review. "read": read the holds. "release": ask
 * that a hold ends. "withdraw": take such a request back. "approve", "refuse": answer the request of somebody else.
 * "attend": go on with an erasure that a hold has deferred. "answer": say whether a new account is that of an erased person
 * whose data a hold keeps.
 */
export type HoldAction =
  "place" | "review" | "read" | "release" | "withdraw" | "approve" | "refuse" | "attend" | "answer";

/** The conditions refer to the facts of `decideHold`. No version of a policy changes these rules. */
export const holdRules: readonly PolicyRule<"holds", HoldAction>[] = [
  {
    id: "holds.read",
    resource: "holds",
    actions: ["read"],
    roles: [...auditRoles, "privacy_officer"],
    conditions: {},
    means: "The holds of the tenant.",
    reason: "reads_holds",
  },
  {
    id: "holds.read_as_custodian",
    resource: "holds",
    actions: ["read"],
    roles: ["agent", "supervisor", "moderator", "admin"],
    conditions: { custodian: "$actor.user" },
    means: "The holds whose custodian the actor is.",
    reason: "custodian",
  },
  {
    id: "holds.answer_as_custodian",
    resource: "holds",
    actions: ["answer"],
    roles: ["agent", "supervisor", "moderator", "admin"],
    device: "registered",
    conditions: { custodian: "$actor.user" },
    means: "The actor is the custodian of the hold, and uses a registered device.",
    reason: "custodian",
  },
  {
    id: "holds.place",
    resource: "holds",
    actions: ["place", "review", "release", "withdraw", "attend", "answer"],
    roles: ["compliance_officer", "privacy_officer"],
    device: "registered",
    conditions: {},
    means: "The officer uses a registered device. A release needs a second person besides.",
    reason: "manages_holds",
  },
  {
    id: "holds.approve",
    resource: "holds",
    actions: ["approve", "refuse"],
    roles: ["compliance_officer", "privacy_officer"],
    device: "registered",
    conditions: { requester: { $ne: "$actor.user" } },
    means: "Somebody else asks for the release. The officer uses a registered device.",
    reason: "another_person",
  },
];
