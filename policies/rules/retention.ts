import { auditRoles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/**
 * "read": read the schedule, its versions and the locks. "save": preview and save a version. "withdraw": take one back.
 * "approve", "refuse": answer a version of somebody else that shortens. "lock": demand that records are kept.
 * "classify": say what the records of a conversation are from now on.
 */
export type RetentionAction =
  "read" | "save" | "withdraw" | "approve" | "refuse" | "lock" | "classify";

/** The conditions refer to the facts of `decideRetention`. No version of a policy changes these rules. */
export const retentionRules: readonly PolicyRule<"retention", RetentionAction>[] = [
  {
    id: "retention.read",
    resource: "retention",
    actions: ["read"],
    roles: ["admin", "privacy_officer", ...auditRoles],
    conditions: {},
    means: "The schedule, its versions and the locks of the tenant.",
    reason: "reads_retention",
  },
  {
    id: "retention.save",
    resource: "retention",
    actions: ["save", "withdraw"],
    roles: ["admin", "compliance_officer", "privacy_officer"],
    device: "registered",
    conditions: {},
    means:
      "The actor uses a registered device. A version that ends records earlier needs a second person besides.",
    reason: "manages_retention",
  },
  {
    id: "retention.approve",
    resource: "retention",
    actions: ["approve", "refuse"],
    roles: ["compliance_officer", "privacy_officer"],
    device: "registered",
    conditions: { requester: { $ne: "$actor.user" } },
    means: "Somebody else has saved the version. The officer uses a registered device.",
    reason: "another_person",
  },
  {
    id: "retention.lock",
    resource: "retention",
    actions: ["lock", "classify"],
    roles: ["compliance_officer"],
    device: "registered",
    conditions: {},
    means: "The officer uses a registered device.",
    reason: "classifies_records",
  },
];
