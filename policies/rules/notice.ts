import { auditRoles, roles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/**
 * "read": read published notices. "show": say that a device showed one to its user. "propose": make a draft.
 * "withdraw": take a draft back. "approve": publish a draft, or refuse it. "oversee": list the versions with their
 * drafts, and who was shown which.
 */
export type NoticeAction = "read" | "show" | "propose" | "withdraw" | "approve" | "oversee";

/** No version of a policy changes these rules. Whoever consents must be able to read the notice. */
export const noticeRules: readonly PolicyRule<"notices", NoticeAction>[] = [
  {
    id: "notices.read",
    resource: "notices",
    actions: ["read"],
    roles,
    conditions: {},
    means: "The published notices of the tenant.",
    reason: "published",
  },
  {
    id: "notices.show",
    resource: "notices",
    actions: ["show"],
    roles,
    device: "registered",
    conditions: {},
    means: "The actor's registered device has shown a published notice.",
    reason: "own_device",
  },
  {
    id: "notices.propose",
    resource: "notices",
    actions: ["propose", "withdraw"],
    roles: ["compliance_officer", "privacy_officer"],
    device: "registered",
    conditions: {},
    means: "The notices of the tenant. The officer uses a registered device.",
    reason: "proposes_notice",
  },
  {
    id: "notices.approve",
    resource: "notices",
    actions: ["approve"],
    roles: ["admin", "compliance_officer", "privacy_officer"],
    device: "registered",
    conditions: { requester: { $ne: "$actor.user" } },
    means: "Somebody else has proposed the notice. The actor uses a registered device.",
    reason: "second_person",
  },
  {
    id: "notices.oversee",
    resource: "notices",
    actions: ["oversee"],
    roles: ["admin", "privacy_officer", ...auditRoles],
    conditions: {},
    means: "The notices of the tenant, with drafts and with who was shown which.",
    reason: "oversees_notices",
  },
];
