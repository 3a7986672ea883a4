import type { ActionSpecs } from "./action-spec.ts";

/** The audited acts on reports of messages. */
export const reportActions = {
  "report.submit": {
    class: "C",
    resources: ["report"],
    details: { conversation: "id", reason: "text", messages: "number" },
    description:
      "A member reports messages. The server has verified each of them. `subject` is their author.",
  },
  "report.list": {
    class: "R",
    resources: ["report"],
    details: { found: "number" },
    description: "A moderator lists the reports, without what they disclose.",
  },
  "report.read": {
    class: "R",
    resources: ["report"],
    details: {},
    description: "A moderator reads a report with what it discloses.",
  },
  "report.count": {
    class: "R",
    resources: ["report"],
    details: {},
    description: "Somebody sees how many reports there are.",
  },
  "report.decide": {
    class: "U",
    resources: ["report"],
    details: { decision: "text", hours: "number" },
    description:
      "A moderator dismisses a report, warns the author of the messages, or mutes the author for `hours`.",
  },
  "report.request_ban": {
    class: "C",
    resources: ["report"],
    details: { request: "id", hash: "text" },
    description: "A moderator asks that the author of reported messages is banned.",
  },
  "report.approve_ban": {
    class: "E",
    resources: ["report"],
    details: { request: "id", hash: "text" },
    description: "Another moderator approves a ban. It is in force.",
  },
  "report.refuse_ban": {
    class: "U",
    resources: ["report"],
    details: { request: "id" },
    description: "Another moderator refuses a ban.",
  },
  "report.withdraw_ban": {
    class: "U",
    resources: ["report"],
    details: { request: "id" },
    description: "A moderator takes a request for a ban back.",
  },
  "report.list_own": {
    class: "R",
    resources: ["report"],
    details: { found: "number" },
    description: "Somebody lists the moderators' decisions about their own account.",
  },
  "report.appeal": {
    class: "C",
    resources: ["report"],
    details: {},
    description: "The author of reported messages appeals against the decision.",
  },
  "report.decide_appeal": {
    class: "U",
    resources: ["report"],
    details: { outcome: "text" },
    description:
      "Another moderator decides about an appeal. If the `outcome` is `lifted`, the mute or the ban has ended.",
  },
  "report.destroy": {
    class: "D",
    resources: ["report"],
    details: {},
    description:
      "The server destroys what a report discloses, because its retention is over and no legal hold covers it.",
  },
} as const satisfies ActionSpecs;
