import { auditRoles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/**
 * "plan": see what an erasure would destroy and keep. "read": see how far an erasure is, and its certificate. "begin": have
 * a person erased. "withdraw": end an erasure before anything is destroyed.
 */
export type ErasureAction = "plan" | "read" | "begin" | "withdraw";

/** The conditions refer to the facts of `decideErasure`. No version of a policy changes these rules. */
export const erasureRules: readonly PolicyRule<"erasures", ErasureAction>[] = [
  {
    id: "erasures.read",
    resource: "erasures",
    actions: ["plan", "read"],
    roles: [...auditRoles, "privacy_officer"],
    conditions: {},
    means: "The erasures of the tenant.",
    reason: "oversees_erasures",
  },
  {
    id: "erasures.begin",
    resource: "erasures",
    actions: ["begin", "withdraw"],
    roles: ["compliance_officer", "privacy_officer"],
    device: "registered",
    conditions: { subject: { $ne: "$actor.user" } },
    means: "The person is somebody else. The officer uses a registered device.",
    reason: "manages_erasures",
  },
];
