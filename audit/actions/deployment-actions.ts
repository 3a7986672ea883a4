import type { ActionSpecs } from "./action-spec.ts";

/** The audited events of the deployment. Except for refused commands, they are in the operator's log. */
export const deploymentActions = {
  "node.start": {
    class: "E",
    resources: ["node"],
    details: {
      version: "text",
      mode: "text",
      rules: "text",
      settings: "text",
      migrations: "text",
    },
    description:
      "A node starts, in the operator's log. `rules` is the SHA-256 of the default rules of the policy in this release, as `sealdesk policy table --json` prints them. `settings` is the SHA-256 of all settings that were recorded before the start, and `migrations` that of the names of all recorded migrations.",
  },
  "node.stop": {
    class: "E",
    resources: ["node"],
    details: {},
    description:
      "A node stops, in the operator's log. A node that was killed leaves no such entry.",
  },
  "settings.change": {
    class: "U",
    resources: ["settings"],
    details: { set: "list", unset: "list", digest: "text" },
    description:
      "A node starts with other settings than the last node that started, in the operator's log. `set` has the name of each variable, and its value if that is no secret, address or path. `digest` is the SHA-256 of all recorded settings.",
  },
  "schema.migrate": {
    class: "U",
    resources: ["schema"],
    details: { migrations: "list" },
    description:
      "Migrations changed the schema of the data (`sealdesk`) or of the keystore (`keystore`), in the operator's log: written by `sealdesk migrate`, or by the next node that starts.",
  },
  "operator_key.add": {
    class: "C",
    resources: ["operator_keys"],
    details: { key: "text", name: "text", keys: "list" },
    description:
      "`sealdesk operator-key add`, in the operator's log. `keys` lists every key of the operator afterwards, with its scopes, its end and the SHA-256 of its secret.",
  },
  "operator_key.rotate": {
    class: "U",
    resources: ["operator_keys"],
    details: { key: "text", replaces: "text", name: "text", keys: "list" },
    description:
      "`sealdesk operator-key rotate`, in the operator's log: a new key replaces another one after an overlap.",
  },
  "operator_key.remove": {
    class: "D",
    resources: ["operator_keys"],
    details: { key: "text", keys: "list" },
    description: "`sealdesk operator-key remove`, in the operator's log",
  },
  "operator_key.authenticate": {
    class: "E",
    resources: ["operator_keys"],
    details: { key: "text" },
    description:
      "A request has a key of the operator, in the operator's log. `key` is its id. The refusal of a key that is unknown or has ended is recorded too. Repeated refusals are summed.",
  },
  "command.run": {
    class: "E",
    resources: ["command"],
    details: {},
    description:
      "A command of the operator is refused or fails. Only these are recorded here, and only if the command had opened the database. The entry is in the log of the tenant that the command names, otherwise in the operator's log. Repeated acts are summed.",
  },
} as const satisfies ActionSpecs;
