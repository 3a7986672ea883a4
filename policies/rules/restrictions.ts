import { auditRoles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/**
 * "place": restrict the processing of somebody's conversations. "lift": announce the end of a restriction. "read": see the
 * restrictions. "open": read the content of a restricted conversation.
 */
export type RestrictionAction = "place" | "lift" | "read" | "open";

/** The conditions refer to the facts of `decideRestriction`. No version of a policy changes these rules. */
export const restrictionRules: readonly PolicyRule<"restrictions", RestrictionAction>[] = [
  {
    id: "restrictions.read",
    resource: "restrictions",
    actions: ["read"],
    roles: [...auditRoles, "privacy_officer"],
    conditions: {},
    means: "The restrictions of the tenant.",
    reason: "oversees_restrictions",
  },
  {
    id: "restrictions.read_own",
    resource: "restrictions",
    actions: ["read"],
    roles: ["customer"],
    conditions: { subject: "$actor.user" },
    means: "The restriction is about the actor.",
    reason: "own_restriction",
  },
  {
    id: "restrictions.manage",
    resource: "restrictions",
    actions: ["place", "lift"],
    roles: ["compliance_officer", "privacy_officer"],
    device: "registered",
    conditions: { subject: { $ne: "$actor.user" } },
    means: "The person is somebody else. The officer uses a registered device.",
    reason: "manages_restrictions",
  },
  {
    id: "restrictions.open_as_custodian",
    resource: "restrictions",
    actions: ["open"],
    roles: ["agent", "supervisor"],
    conditions: { custodians: "$actor.user" },
    means: "A legal hold covers the conversation, and the actor is its custodian.",
    reason: "custodian",
  },
];
