import type { ActionSpecs } from "./action-spec.ts";

/** The audited acts on a log. */
export const auditActions = {
  "audit.read_tiles": {
    class: "R",
    resources: ["audit-log"],
    details: {},
    description:
      "The first read of the log's files by a session or a monitor in each hour, on each node.",
  },
  "audit.search": {
    class: "R",
    resources: ["audit-log"],
    details: {
      fromMs: "number",
      untilMs: "number",
      actor: "text",
      subject: "id",
      action: "text",
      resource: "text",
      outcome: "text",
      after: "number",
      found: "number",
    },
    description: "An auditor searches the log.",
  },
  "audit.read_names": {
    class: "R",
    resources: ["audit-log"],
    details: { accounts: "ids" },
    description:
      "An auditor, `sealdesk audit who` or `sealdesk audit accounts --names` reads the names of accounts.",
  },
  "audit.list_accounts": {
    class: "R",
    resources: ["audit-log"],
    details: { atMs: "number" },
    description:
      "An auditor, or `sealdesk audit accounts`, lists the accounts of staff as they were at a time.",
  },
  "audit.read_disclosures": {
    class: "R",
    resources: ["audit-log"],
    details: { fromMs: "number", untilMs: "number" },
    description:
      "An officer, or `sealdesk audit disclosures`, reads the accounting of the disclosures about the subject.",
  },
  "audit.tail": {
    class: "R",
    resources: ["audit-log", "key-log"],
    details: { after: "number", lines: "number", follow: "boolean" },
    description: "An auditor, or `sealdesk audit tail`, follows the log.",
  },
  "audit.export": {
    class: "R",
    resources: ["audit-log", "key-log"],
    details: {
      format: "text",
      from: "text",
      until: "text",
      actor: "text",
      subject: "text",
      action: "text",
      size: "number",
      names: "boolean",
    },
    description:
      "`sealdesk audit export`, up to the head with `size` entries, with or without the names of accounts",
  },
  "audit.archive": {
    class: "R",
    resources: ["audit-log", "key-log"],
    details: {},
    description: "`sealdesk audit archive`",
  },
  "audit.prove": {
    class: "R",
    resources: ["audit-log", "key-log"],
    details: { index: "text", event: "text" },
    description: "`sealdesk audit prove`",
  },
  "audit.reconcile": {
    class: "R",
    resources: ["audit-log"],
    details: {},
    description: "`sealdesk audit reconcile` compares accounts and settings with a tenant's log.",
  },
  "audit.prune": {
    class: "D",
    resources: ["audit-log"],
    details: {
      beforeMs: "number",
      retainMs: "number",
      minimumIndex: "number",
      removals: "number",
      nowMs: "number",
      databaseMs: "number",
      witnessedMs: "number",
    },
    description:
      "`sealdesk audit prune`. `removals` is how many entries prunes of the log set out to remove, in all.",
  },
  "audit.log_restored": {
    class: "U",
    resources: ["audit-log"],
    details: {
      backupOfMs: "number",
      declaredAtMs: "number",
      reason: "text",
      approvedBy: "list",
      declaration: "text",
      log: "record",
      keyLog: "record",
      logs: "list",
    },
    description:
      "`sealdesk audit restore apply`: in each log that lost entries, in each key log and its tenant's audit log, and in the operator's log with the list of all.",
  },
  "audit.adopt_checkpoints": {
    class: "U",
    resources: ["audit-log"],
    details: { declaredAtMs: "number", reason: "text", approvedBy: "list", logs: "list" },
    description:
      "`sealdesk audit adopt apply`: in the audit log of each tenant whose outside checkpoints were missing, and in the operator's log with the list of all.",
  },
  "clock.jump": {
    class: "E",
    resources: ["node"],
    details: { byMs: "number", comparedWith: "text" },
    description:
      "A node's clock jumped, is far from the database's, or is behind the newest entries when it starts: in every tenant's log and the operator's. `comparedWith` says which.",
  },
  "audit.set_retention": {
    class: "U",
    resources: ["audit-log"],
    details: { days: "number" },
    description: "`sealdesk audit retention`",
  },
  "audit.add_witness": {
    class: "C",
    resources: ["witness"],
    details: {},
    description:
      "A node starts with a witness in `AUDIT_WITNESSES` that was not there before, in the operator's log.",
  },
  "audit.remove_witness": {
    class: "D",
    resources: ["witness"],
    details: {},
    description:
      "A node starts without a witness in `AUDIT_WITNESSES` that was there before, in the operator's log.",
  },
} as const satisfies ActionSpecs;
