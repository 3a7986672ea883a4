import type { ActionSpecs } from "./action-spec.ts";

/** The audited acts on breaches of the security of data. */
export const breachActions = {
  "breach.open": {
    class: "C",
    resources: ["breach"],
    details: { taken: "list", regimes: "list", discoveredAtMs: "number", awareAtMs: "number" },
    description:
      "An officer opens the case of a breach. `taken` is what was taken, and when. Officers are alerted.",
  },
  "breach.assess": {
    class: "E",
    resources: ["breach"],
    details: { accounts: "number", isNoticeDue: "boolean" },
    description:
      "The server has found out what is exposed about each account. `accounts` is the number of those for which a notice is due.",
  },
  "breach.record_taken": {
    class: "U",
    resources: ["breach"],
    details: { taken: "list" },
    description: "An officer records that more was taken. All accounts are assessed again.",
  },
  "breach.record_classification": {
    class: "U",
    resources: ["breach"],
    details: { atMs: "number" },
    description: "An officer records when the incident was classified as major.",
  },
  "breach.record_notice": {
    class: "U",
    resources: ["breach"],
    details: { duty: "text", sentAtMs: "number" },
    description: "An officer records that a notice was sent.",
  },
  "breach.waive_notice": {
    class: "U",
    resources: ["breach"],
    details: { duty: "text" },
    description:
      "An officer records that a notice is not due. The ground is with the breach. Officers are alerted.",
  },
  "breach.begin_step": {
    class: "E",
    resources: ["breach"],
    details: { step: "text" },
    description: "An officer has the server take a step of the containment. Officers are alerted.",
  },
  "breach.revoke_sessions": {
    class: "U",
    resources: ["breach"],
    details: { sessions: "number" },
    description: "The server has ended every session of the tenant, because of a breach.",
  },
  "breach.remind": {
    class: "E",
    resources: ["breach"],
    details: { duties: "list", late: "number" },
    description:
      "A breach waits for officers: `duties` are the notices that are due, and `late` of them are overdue. Officers are alerted.",
  },
  "breach.close": {
    class: "U",
    resources: ["breach"],
    details: {},
    description:
      "An officer closes a breach, after everything was done, sent or found not to be due. Officers are alerted.",
  },
  "breach.read": {
    class: "R",
    resources: ["breach"],
    details: {},
    description: "Somebody reads a breach with its clocks and drafts.",
  },
  "breach.list": {
    class: "R",
    resources: ["breach"],
    details: { found: "number" },
    description: "Somebody lists the breaches.",
  },
  "breach.read_subjects": {
    class: "R",
    resources: ["breach"],
    details: { found: "number" },
    description: "Somebody lists the accounts about which a breach exposes something.",
  },
} as const satisfies ActionSpecs;
