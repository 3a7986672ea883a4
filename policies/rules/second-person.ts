import { auditRoles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/**
 * "request": ask for an act that needs a second person. "approve", "refuse": answer the request of somebody else.
 * "withdraw": take a request back. "read": see a request.
 */
export type SecondPersonAction = "request" | "approve" | "refuse" | "withdraw" | "read";

/** The roles that the rules of the acts can name: see `floors`. */
const acting = ["supervisor", "admin", "compliance_officer"] as const;

/** The conditions refer to the facts of `decideSecondPerson`. No version of a policy changes these rules. */
export const secondPersonRules: readonly PolicyRule<"second_person", SecondPersonAction>[] = [
  {
    id: "second_person.request",
    resource: "second_person",
    actions: ["request"],
    roles: acting,
    device: "registered",
    conditions: { mayAct: true, isDemanded: true },
    means:
      "The policy demands a second person for the act, and its rules allow it to the actor. The actor uses a registered device.",
    reason: "may_act",
  },
  {
    id: "second_person.answer",
    resource: "second_person",
    actions: ["approve", "refuse"],
    roles: acting,
    device: "registered",
    conditions: { mayAct: true, requester: { $ne: "$actor.user" } },
    means:
      "Somebody else asks for the act, and its rules allow it to the actor. The actor uses a registered device.",
    reason: "another_person",
  },
  {
    id: "second_person.read",
    resource: "second_person",
    actions: ["read"],
    roles: acting,
    conditions: { mayAct: true },
    means: "The rules of the act allow it to the actor.",
    reason: "may_act",
  },
  {
    id: "second_person.own",
    resource: "second_person",
    actions: ["read", "withdraw"],
    roles: acting,
    conditions: { requester: "$actor.user" },
    means: "The actor's own request.",
    reason: "own_request",
  },
  {
    id: "second_person.oversee",
    resource: "second_person",
    actions: ["read"],
    roles: auditRoles,
    conditions: {},
    means: "Each request of the tenant.",
    reason: "oversees_requests",
  },
];
