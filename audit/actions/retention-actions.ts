import type { ActionSpecs } from "./action-spec.ts";

/** The audited acts on the retention of records. */
export const retentionActions = {
  "retention.read": {
    class: "R",
    resources: ["retention"],
    details: {},
    description: "Somebody reads the retention schedule, its versions and the locks.",
  },
  "retention.preview": {
    class: "R",
    resources: ["retention"],
    details: { rules: "list" },
    description: "Somebody asks what a schedule would end, and when.",
  },
  "retention.save": {
    class: "U",
    resources: ["retention"],
    details: {
      version: "number",
      rules: "list",
      hash: "text",
      request: "id",
      requestHash: "text",
      effectiveFromMs: "number",
    },
    description:
      "Somebody saves a version of the schedule. With `request` it waits for another person, or else it takes effect at `effectiveFromMs`. A refusal with `retention_locked` says that a lock keeps records longer.",
  },
  "retention.approve": {
    class: "U",
    resources: ["retention"],
    details: {
      version: "number",
      hash: "text",
      effectiveFromMs: "number",
      request: "id",
      requester: "text",
    },
    description: "Another person approves a version that ends records earlier.",
  },
  "retention.refuse": {
    class: "U",
    resources: ["retention"],
    details: { request: "id" },
    description: "Another person refuses a version.",
  },
  "retention.withdraw": {
    class: "U",
    resources: ["retention"],
    details: { request: "id" },
    description: "Somebody takes a version back before it is approved.",
  },
  "retention.lock": {
    class: "U",
    resources: ["retention"],
    details: {
      lock: "id",
      days: "number",
      citation: "text",
      dataClass: "text",
      team: "text",
      region: "text",
    },
    description: "An officer demands that records are kept for so many days, or lengthens that.",
  },
  "retention.classify": {
    class: "U",
    resources: ["conversation"],
    details: {
      dataClass: "text",
      team: "text",
      region: "text",
      fromMs: "number",
      request: "id",
      hash: "text",
      requester: "text",
    },
    description:
      "An officer says what the records of a conversation are that are received from `fromMs` on. With `request` and without `fromMs`, the labels wait for another person, because records would be kept for a shorter time. With `requester`, this person has approved them.",
  },
  "retention.purge": {
    class: "D",
    resources: ["retention"],
    details: { conversations: "ids", events: "number", attachments: "number" },
    description:
      "The server deletes what has expired in these conversations and no hold covers. `keys.destroy` says which keys are destroyed with it.",
  },
} as const satisfies ActionSpecs;
