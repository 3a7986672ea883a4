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
  "alert.set_webhook": {
    class: "U",
    resources: ["alert"],
    details: { host: "text", urlHash: "text" },
    description:
      "An officer, an administrator or `sealdesk alerts webhook set` sets the URL to which alerts are sent. `urlHash` is its SHA-256, in hex.",
  },
  "alert.read_webhook": {
    class: "R",
    resources: ["alert"],
    details: {},
    description: "Somebody reads where alerts are sent, and whether they arrive.",
  },
  "alert.test_webhook": {
    class: "E",
    resources: ["alert"],
    details: {},
    description:
      "Somebody sends a test message to the webhook of alerts. It is written before the message is sent.",
  },
  "alert.remove_webhook": {
    class: "D",
    resources: ["alert"],
    details: { host: "text" },
    description:
      "An officer, an administrator or `sealdesk alerts webhook remove` removes the webhook.",
  },
  "alert.disable_webhook": {
    class: "U",
    resources: ["alert"],
    details: { failingSinceMs: "number", isGone: "boolean" },
    description:
      "The server gives the webhook up, after five days in which every attempt failed, or because the receiver answered 410 (`isGone`).",
  },
} as const satisfies ActionSpecs;
