import { auditRoles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/**
 * "plan": see what an erasure would destroy and keep. "read": see how far an erasure is, and its certificate. "begin": have
 * a person erased. "withdraw": end an erasure before anything is destroyed. "read_consumers": see which systems are told of
 * each erasure. "set_consumers": add and remove such systems.
 */
export type ErasureAction =
  "plan" | "read" | "begin" | "withdraw" | "read_consumers" | "set_consumers";

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
  {
    id: "erasures.read_consumers",
    resource: "erasures",
    actions: ["read_consumers"],
    roles: [...auditRoles, "privacy_officer", "admin"],
    conditions: {},
    means: "The names of the systems that are told of each erasure.",
    reason: "reads_consumers",
  },
  {
    id: "erasures.set_consumers",
    resource: "erasures",
    actions: ["set_consumers"],
    roles: ["compliance_officer", "privacy_officer", "admin"],
    device: "registered",
    conditions: {},
    means:
      "Add and remove systems that are told of each erasure. The person uses a registered device. Officers are alerted.",
    reason: "sets_consumers",
  },
];
