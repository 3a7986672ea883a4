import type { ActionSpecs } from "./action-spec.ts";

/** The audited acts on reports about the deployment and a tenant. */
export const complianceActions = {
  "compliance.read": {
    class: "R",
    resources: ["compliance-report"],
    details: { verdict: "text", failed: "list" },
    description:
      "Somebody has the tenant and the deployment checked: `sealdesk doctor --compliance`, `sealdesk controls`, or over HTTP. `failed` are the checks that failed.",
  },
  "compliance.read_processing": {
    class: "R",
    resources: ["compliance-report"],
    details: {},
    description: "Somebody reads the records of processing.",
  },
} as const satisfies ActionSpecs;
