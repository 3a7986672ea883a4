import type { ActionSpecs } from "./action-spec.ts";

const version = { version: "number" } as const;

/** The audited acts on privacy notices. */
export const noticeActions = {
  "notice.draft": {
    class: "C",
    resources: ["notice"],
    details: { ...version, hash: "text", languages: "list", requestHash: "text" },
    description:
      "Somebody proposes a version of the privacy notice. The resource is the request that waits for another person, and `requestHash` is its hash.",
  },
  "notice.publish": {
    class: "E",
    resources: ["notice"],
    details: { ...version, hash: "text", effectiveFromMs: "number", requester: "text" },
    description: "Another person approves it. It takes effect at `effectiveFromMs`.",
  },
  "notice.withdraw": {
    class: "D",
    resources: ["notice"],
    details: version,
    description:
      "An officer takes a draft back, or stops an approved version that has not taken effect.",
  },
  "notice.refuse": {
    class: "U",
    resources: ["notice"],
    details: version,
    description: "Another person refuses the draft.",
  },
  "notice.list": {
    class: "R",
    resources: ["notice"],
    details: { found: "number" },
    description: "Somebody lists the versions of the notice, with drafts.",
  },
  "notice.show": {
    class: "C",
    resources: ["notice"],
    details: { ...version, language: "text", record: "text" },
    description:
      "A device says that it showed a notice to its user. `record` is the SHA-256 of what it signed. Repeated acts are summed.",
  },
  "notice.list_views": {
    class: "R",
    resources: ["notice"],
    details: { ...version, found: "number" },
    description: "Somebody lists who was shown a version.",
  },
} as const satisfies ActionSpecs;
