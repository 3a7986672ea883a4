import { auditRoles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/**
 * "change": give or withdraw a consent for the whole account. In one conversation, the action `change_consent` of the
 * conversation decides. "read": read one's own records. "oversee": read the records of others.
 */
export type ConsentAction = "change" | "read" | "oversee";

const own = { user: "$actor.user" };

/** The conditions refer to the facts of `decideConsent`. No version of a policy changes these rules. */
export const consentRules: readonly PolicyRule<"consents", ConsentAction>[] = [
  {
    id: "consents.change",
    resource: "consents",
    actions: ["change"],
    roles: ["customer"],
    device: "registered",
    conditions: { ...own, consentFaults: { $size: 0 } },
    means:
      "The customer gives or withdraws consent for their own account with a registered device, and that changes it.",
    reason: "own_account",
  },
  {
    id: "consents.read",
    resource: "consents",
    actions: ["read"],
    roles: ["customer"],
    conditions: own,
    means: "The customer's own records.",
    reason: "own_account",
  },
  {
    id: "consents.oversee",
    resource: "consents",
    actions: ["oversee"],
    roles: ["privacy_officer", ...auditRoles],
    conditions: {},
    means: "The records of each account of the tenant.",
    reason: "oversees_consents",
  },
];
