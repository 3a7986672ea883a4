import type { ActionSpecs } from "./action-spec.ts";

/** The audited acts on what people ask for by law. */
export const requestActions = {
  "request.open": {
    class: "C",
    resources: ["request"],
    details: {
      request: "id",
      right: "text",
      law: "text",
      receivedAtMs: "number",
      dueAtMs: "number",
      isMerged: "boolean",
    },
    description:
      "A person's request is received: from themselves, or recorded by staff. With `isMerged`, `request` is the earlier one that it became part of.",
  },
  "request.extend": {
    class: "U",
    resources: ["request"],
    details: { right: "text", law: "text", dueAtMs: "number", formerDueAtMs: "number" },
    description: "An officer extends the period of a request, with a reason for the person.",
  },
  "request.decide": {
    class: "U",
    resources: ["request"],
    details: { right: "text", from: "text", to: "text", erasure: "id" },
    description:
      "An officer accepts, answers or refuses a request. The ground of a refusal is with the request. `erasure` is the case that answers an accepted request for erasure.",
  },
  "request.ask_by_email": {
    class: "C",
    resources: ["email-request"],
    details: { right: "text" },
    description:
      "An officer records a request that came by e-mail. It is received (`request.open`, by `request-link`) once somebody opens the link that was sent to the address.",
  },
  "request.assign": {
    class: "U",
    resources: ["request"],
    details: { right: "text", request: "id", isMerged: "boolean" },
    description:
      "An officer says of which account a request is that came by e-mail. With `isMerged`, `request` is the open one that it became part of.",
  },
  "request.answer": {
    class: "U",
    resources: ["request"],
    details: { right: "text", isOverdue: "boolean" },
    description:
      "The server answers a request, because the certificate of its erasure or the manifest of its copy is signed.",
  },
  "request.withdraw": {
    class: "U",
    resources: ["request"],
    details: { right: "text", from: "text" },
    description:
      "A request ends at the wish of the person: by themselves, by an officer, or with the link of the request (actor `request-link`).",
  },
  "request.renew_link": {
    class: "U",
    resources: ["request"],
    details: { revoked: "number" },
    description:
      "An officer makes a new link to the page of a request. `revoked` is the number of earlier links that end.",
  },
  "request.remind": {
    class: "E",
    resources: ["request"],
    details: { right: "text", dueAtMs: "number", isOverdue: "boolean" },
    description:
      "A request is due within a week, or overdue. Officers are alerted, and again every day after the due date, later every week.",
  },
  "request.list": {
    class: "R",
    resources: ["request"],
    details: { found: "number" },
    description: "Somebody lists requests: an officer those of the tenant, a customer their own.",
  },
  "request.read": {
    class: "R",
    resources: ["request"],
    details: {},
    description: "Somebody reads a request.",
  },
  "request.set_rules": {
    class: "U",
    resources: ["request-rules"],
    details: { version: "number", effectiveFromMs: "number" },
    description:
      "An officer says which law applies to whom, and sets the time zone and the holidays.",
  },
  "request.read_rules": {
    class: "R",
    resources: ["request-rules"],
    details: {},
    description: "Somebody reads which law applies to whom.",
  },
} as const satisfies ActionSpecs;
