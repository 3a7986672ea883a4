import type { ActionSpecs } from "./action-spec.ts";

/** The audited acts on the policy of a tenant: who may do what. */
export const policyActions = {
  "policy.draft": {
    class: "C",
    resources: ["policy"],
    details: {
      version: "number",
      hash: "text",
      restores: "number",
      request: "id",
      requestHash: "text",
    },
    description:
      "Somebody proposes a version of the policy. `hash` is SHA-256 of what it changes in the default rules. `restores` names the earlier version whose changes it has. `request` waits for another person, and `requestHash` is its hash.",
  },
  "policy.preview": {
    class: "R",
    resources: ["policy"],
    details: {
      version: "number",
      hash: "text",
      gain: "number",
      lose: "number",
      rights: "list",
      names: "boolean",
    },
    description:
      "Somebody looks at who gains and who loses what by a version, with or without the names of staff.",
  },
  "policy.approve": {
    class: "U",
    resources: ["policy"],
    details: {
      version: "number",
      hash: "text",
      effectiveFromMs: "number",
      request: "id",
      requester: "text",
      gain: "number",
      lose: "number",
      rights: "list",
    },
    description:
      "A second person approves a version. `gain` and `lose` count the accounts that may do more or less by it. `rights` lists each right that changes.",
  },
  "policy.effective": {
    class: "E",
    resources: ["policy"],
    details: { version: "number", hash: "text", effectiveFromMs: "number" },
    description: "A version of the policy takes effect.",
  },
  "policy.withdraw": {
    class: "D",
    resources: ["policy"],
    details: { version: "number", hash: "text", state: "text", request: "id" },
    description: "A draft is taken back, or an approved version before it takes effect.",
  },
  "policy.read": {
    class: "R",
    resources: ["policy"],
    details: { version: "number" },
    description: "Somebody reads the versions of the policy, or one of them.",
  },
  "policy.explain": {
    class: "R",
    resources: ["policy"],
    details: { action: "text", resource: "text", version: "number", allowed: "boolean" },
    description: "Somebody asks whether an account may do something, and why.",
  },
  "policy.who_can": {
    class: "R",
    resources: ["policy"],
    details: { action: "text", resource: "text", version: "number", found: "number" },
    description: "`sealdesk policy who-can` lists the accounts that may do something.",
  },
} as const satisfies ActionSpecs;
