import type { ActionSpecs } from "./action-spec.ts";

/** The audited acts on restrictions of processing. */
export const restrictionActions = {
  "restriction.place": {
    class: "C",
    resources: ["case"],
    details: { law: "text", conversations: "ids", request: "id" },
    description:
      "Somebody restricts the processing of a person's conversations, or accepts the request that asks for it.",
  },
  "restriction.announce_lifting": {
    class: "U",
    resources: ["case"],
    details: { liftsAtMs: "number" },
    description:
      "Somebody announces the end of a restriction. The person is told, and officers are alerted.",
  },
  "restriction.lift": {
    class: "U",
    resources: ["case"],
    details: { conversations: "ids" },
    description:
      "The server lifts a restriction whose end was announced. `conversations` can be opened again.",
  },
  "restriction.list": {
    class: "R",
    resources: ["case"],
    details: { found: "number" },
    description:
      "Somebody lists restrictions: an officer those of the tenant, a customer their own.",
  },
} as const satisfies ActionSpecs;
