import type { ActionSpecs } from "./action-spec.ts";

/** The audited acts on legal holds, and on the erasures that they defer. Entries name no matter. */
export const holdActions = {
  "hold.place": {
    class: "C",
    resources: ["hold"],
    details: { commitment: "text", custodian: "id", reviewAtMs: "number", items: "list" },
    description:
      "A legal hold is placed. `commitment` proves its matter later. `items` are the accounts, conversations and times that it covers.",
  },
  "hold.review": {
    class: "U",
    resources: ["hold"],
    details: { reviewAtMs: "number" },
    description: "An officer has looked at a hold. `reviewAtMs` is the next time.",
  },
  "hold.request_release": {
    class: "U",
    resources: ["hold"],
    details: { request: "id", hash: "text" },
    description: "Somebody asks that a hold ends. `hash` is that of the request.",
  },
  "hold.approve_release": {
    class: "D",
    resources: ["hold"],
    details: { request: "id", hash: "text", reopened: "number" },
    description:
      "Another person approves it, and the hold ends. `reopened` erasures that it had deferred wait for an officer.",
  },
  "hold.refuse_release": {
    class: "U",
    resources: ["hold"],
    details: { request: "id" },
    description: "Another person refuses it. The hold stays in force.",
  },
  "hold.withdraw_release": {
    class: "U",
    resources: ["hold"],
    details: { request: "id" },
    description: "An officer takes the request for the release back.",
  },
  "hold.reopen_erasure": {
    class: "U",
    resources: ["erasure"],
    details: { hold: "id", items: "number", dueAtMs: "number" },
    description:
      "The last hold is released that had deferred an erasure. It waits for an officer, at most until `dueAtMs`.",
  },
  "hold.attend_erasure": {
    class: "U",
    resources: ["erasure"],
    details: { items: "number" },
    description: "An officer sees to a re-opened erasure, so that it can go on.",
  },
  "hold.escalate": {
    class: "U",
    resources: ["erasure"],
    details: { items: "number" },
    description: "Nobody has seen to a re-opened erasure for 30 days. Officers are alerted.",
  },
  "hold.escalate_match": {
    class: "U",
    resources: ["potential-match"],
    details: { hold: "id" },
    description:
      "Nobody has answered a question to the custodian of a hold for a week. Officers are alerted.",
  },
  "hold.ask_custodian": {
    class: "C",
    resources: ["hold"],
    details: { match: "id", custodian: "id" },
    description:
      "An account may be that of an erased person whose data a hold keeps. The custodian is asked, and officers are alerted. Nothing is linked.",
  },
  "hold.answer_match": {
    class: "U",
    resources: ["potential-match"],
    details: { hold: "id", answer: "text" },
    description:
      "The custodian or an officer answers such a question. `linked`: the hold covers the new account, too.",
  },
  "hold.list_matches": {
    class: "R",
    resources: ["hold"],
    details: { found: "number" },
    description: "Somebody lists the questions to custodians that wait for an answer.",
  },
  "hold.read": {
    class: "R",
    resources: ["hold"],
    details: {},
    description: "Somebody reads a hold with its matter.",
  },
  "hold.list": {
    class: "R",
    resources: ["hold"],
    details: { found: "number" },
    description: "Somebody lists the holds.",
  },
  "hold.list_reopened": {
    class: "R",
    resources: ["hold"],
    details: { found: "number" },
    description: "Somebody lists the erasures that wait for an officer.",
  },
} as const satisfies ActionSpecs;
