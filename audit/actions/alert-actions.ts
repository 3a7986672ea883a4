import type { ActionSpecs } from "./action-spec.ts";

/** The audited acts on the alerts of officers. */
export const alertActions = {
  "alert.list": {
    class: "R",
    resources: ["alert"],
    details: { found: "number" },
    description: "An officer, an auditor or `sealdesk alerts list` reads the alerts.",
  },
  "alert.acknowledge": {
    class: "U",
    resources: ["alert"],
    details: {},
    description:
      "An officer acknowledges an alert. Its id is the `eventId` of the entry that it is about.",
  },
} as const satisfies ActionSpecs;
