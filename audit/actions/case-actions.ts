import type { ActionSpecs } from "./action-spec.ts";

/** The audited acts on cases. */
export const caseActions = {
  "case.step": {
    class: "E",
    resources: ["case"],
    details: { kind: "text", step: "number", from: "text", to: "text" },
    description: "The server takes a step of a case, in the transaction of the step.",
  },
  "case.pending": {
    class: "U",
    resources: ["case"],
    details: { kind: "text", step: "number", state: "text" },
    description:
      "A step of a case could not be done. `reason` says why. It is tried again until it is done, and recorded once for each reason.",
  },
  "case.repeat": {
    class: "E",
    resources: ["case"],
    details: { kind: "text", step: "number", state: "text", reason: "text" },
    description: "An officer has a step that failed tried again at once.",
  },
  "case.list": {
    class: "R",
    resources: ["case"],
    details: { found: "number" },
    description: "Somebody lists cases: an officer those of the tenant, a customer their own.",
  },
  "case.read": {
    class: "R",
    resources: ["case"],
    details: { kind: "text" },
    description: "Somebody reads a case and its steps.",
  },
} as const satisfies ActionSpecs;
