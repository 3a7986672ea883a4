import type { ActionSpecs } from "./action-spec.ts";

/** The audited acts on requests that need other people, and on access in an emergency. */
export const breakGlassActions = {
  "approval.list": {
    class: "R",
    resources: ["approval"],
    details: { found: "number" },
    description: "Somebody lists the requests that wait for another person.",
  },
  "approval.read": {
    class: "R",
    resources: ["approval"],
    details: {},
    description: "Somebody reads one of these requests.",
  },
  "approval.request": {
    class: "C",
    resources: ["approval"],
    details: { act: "text", hash: "text" },
    description:
      "Somebody asks for an act for which the policy demands a second person. `hash` is that of the request. Whoever approves it does the act, and its entry names the request.",
  },
  "approval.refuse": {
    class: "U",
    resources: ["approval"],
    details: { act: "text" },
    description: "Another person refuses such a request.",
  },
  "approval.withdraw": {
    class: "D",
    resources: ["approval"],
    details: { act: "text" },
    description: "Whoever asked takes such a request back.",
  },
  "break_glass.request": {
    class: "C",
    resources: ["conversation"],
    details: { request: "id", minutes: "number", hash: "text", needed: "number" },
    description:
      "A member of staff asks for access to a conversation in an emergency. `hash` is that of the request, and `needed` counts the people who must approve it.",
  },
  "break_glass.approve": {
    class: "E",
    resources: ["break-glass"],
    details: {
      conversation: "id",
      minutes: "number",
      waitsFor: "number",
      hash: "text",
      grantedUntilMs: "number",
    },
    description:
      "Another person approves it. With `waitsFor` 0 the access begins, and ends at `grantedUntilMs`.",
  },
  "break_glass.refuse": {
    class: "U",
    resources: ["break-glass"],
    details: { conversation: "id" },
    description: "Another person refuses it.",
  },
  "break_glass.withdraw": {
    class: "D",
    resources: ["break-glass"],
    details: { conversation: "id" },
    description: "Whoever asked takes the request back, or an officer does.",
  },
  "break_glass.use": {
    class: "R",
    resources: ["conversation"],
    details: { request: "id", untilMs: "number" },
    description:
      "Somebody joins a conversation with access in an emergency. The subject is the customer. It is in the accounting of disclosures.",
  },
  "break_glass.end": {
    class: "D",
    resources: ["break-glass"],
    details: { conversation: "id", sessions: "number" },
    description:
      "The access ends: its time is over, or a person ended it before. `sessions` of the account end with it.",
  },
  "break_glass.review": {
    class: "U",
    resources: ["break-glass"],
    details: { finding: "text", conversation: "id" },
    description: "An officer who took no part in it says whether the access was justified.",
  },
  "break_glass.list": {
    class: "R",
    resources: ["break-glass"],
    details: { found: "number" },
    description: "Somebody lists requests for access, and what became of them.",
  },
} as const satisfies ActionSpecs;
