import type { ActionSpecs } from "./action-spec.ts";

/** The audited acts of erasures and of the ledger that keeps them erased. */
export const erasureActions = {
  "erasure.begin": {
    class: "D",
    resources: ["case"],
    details: { law: "text", windowMs: "number", request: "id" },
    description:
      "Somebody begins the erasure of a person, or accepts the request that asks for it. Officers are alerted.",
  },
  "erasure.plan": {
    class: "R",
    resources: ["user"],
    details: { items: "number", restricted: "number" },
    description: "Somebody looks at what an erasure would destroy and keep.",
  },
  "erasure.fence": {
    class: "U",
    resources: ["case"],
    details: { conversations: "list" },
    description:
      "From now on, nothing more of the person is accepted. `conversations` has the last event of each conversation.",
  },
  "erasure.restrict": {
    class: "U",
    resources: ["case"],
    details: { items: "number", conversations: "ids" },
    description:
      "A legal hold or a retention lock keeps items from being erased. What is held waits for the release.",
  },
  "erasure.account": {
    class: "D",
    resources: ["case"],
    details: { sessions: "number", devices: "number", fields: "number" },
    description:
      "The account of the person is forgotten: look-up indexes, sessions, prekeys, and the personal fields of the audit log. Devices stay as revoked public keys.",
  },
  "erasure.purge": {
    class: "D",
    resources: ["case"],
    details: { messages: "number" },
    description: "The sealed bytes of messages whose keys were destroyed are removed.",
  },
  "erasure.notify": {
    class: "U",
    resources: ["case"],
    details: { devices: "number", consumers: "number" },
    description:
      "So many devices of other members are told to remove their copies, and so many systems of the tenant are told of the erasure.",
  },
  "erasure.acknowledge": {
    class: "U",
    resources: ["case"],
    details: {},
    description: "A device has removed its copies of what an erasure covers.",
  },
  "erasure.add_consumer": {
    class: "C",
    resources: ["erasure_consumer"],
    details: { host: "text" },
    description:
      "An officer, an administrator or `sealdesk erase consumer add` adds a system that is told of each erasure.",
  },
  "erasure.remove_consumer": {
    class: "D",
    resources: ["erasure_consumer"],
    details: {},
    description: "An officer, an administrator or `sealdesk erase consumer remove` removes one.",
  },
  "erasure.list_consumers": {
    class: "R",
    resources: ["tenant"],
    details: {},
    description:
      "An officer, an administrator or `sealdesk erase consumer list` reads their names.",
  },
  "erasure.certify": {
    class: "C",
    resources: ["case"],
    details: { digest: "text", erased: "number", restricted: "number" },
    description:
      "The certificate of the erasure is signed. `digest` is the SHA-256 of its signed text, base64.",
  },
  "erasure.supplement": {
    class: "C",
    resources: ["case"],
    details: { digest: "text", devices: "number", answered: "number" },
    description:
      "A device has answered after the erasure was certified, so a new certificate is signed. `digest` is the SHA-256 of its signed text, base64. So many of the devices that were told have answered.",
  },
  "erasure.read": {
    class: "R",
    resources: ["case"],
    details: {},
    description: "Somebody reads the certificate of an erasure.",
  },
  "erasure.show": {
    class: "R",
    resources: ["case"],
    details: {},
    description: "Somebody reads how far an erasure is, and what became of each item.",
  },
  "erasure.withdraw": {
    class: "U",
    resources: ["case"],
    details: {},
    description:
      "An erasure ends at the wish of the person, before anything was destroyed. Nothing is refused any more.",
  },
  "erasure.replay": {
    class: "D",
    resources: ["erasure_ledger"],
    details: { act: "text", erased: "text" },
    description:
      "An entry of the erasure ledger is carried out again, because the database or the keystore was put back to a backup. The resource is the number of the entry, `act` is the step that erased, and `erased` is `scopes` (keys of conversations), `account`, or `subject` (the account and its key).",
  },
} as const satisfies ActionSpecs;
