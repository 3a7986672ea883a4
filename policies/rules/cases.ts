import { auditRoles, roles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/**
 * "read": see how far a case is, and what it waits for. "repeat": have the step that failed tried again now.
 * "acknowledge": read what the own device is to remove of an erasure, and say that it has.
 */
export type CaseAction = "read" | "repeat" | "acknowledge";

/**
 * The conditions refer to the facts of `decideCases`. No version of a policy changes these rules. What the law gives
 * a person could otherwise be taken from them.
 */
export const caseRules: readonly PolicyRule<"cases", CaseAction>[] = [
  {
    id: "cases.read",
    resource: "cases",
    actions: ["read"],
    roles: [...auditRoles, "privacy_officer"],
    conditions: {},
    means: "The cases of the tenant.",
    reason: "oversees_cases",
  },
  {
    id: "cases.read_own",
    resource: "cases",
    actions: ["read"],
    roles: ["customer"],
    conditions: { subject: "$actor.user" },
    means: "The case is about the actor.",
    reason: "own_case",
  },
  {
    id: "cases.repeat",
    resource: "cases",
    actions: ["repeat"],
    roles: ["compliance_officer", "privacy_officer"],
    device: "registered",
    conditions: { subject: { $ne: "$actor.user" } },
    means: "The case is not about the actor. The officer uses a registered device.",
    reason: "repeats_step",
  },
  {
    id: "cases.acknowledge",
    resource: "cases",
    actions: ["acknowledge"],
    roles,
    device: "registered",
    conditions: { device: "$actor.device" },
    means: "It is the actor's own registered device.",
    reason: "own_device",
  },
];
