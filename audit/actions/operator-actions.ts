import type { ActionSpecs } from "./action-spec.ts";

/** The audited acts of an operator on a tenant. */
export const tenantActions = {
  "tenant.create": {
    class: "C",
    resources: ["tenant"],
    details: { keys: "list", origins: "list" },
    description: "`sealdesk tenant create`",
  },
  "tenant.suspend": {
    class: "U",
    resources: ["tenant"],
    details: {},
    description: "`sealdesk tenant suspend`",
  },
  "tenant.resume": {
    class: "U",
    resources: ["tenant"],
    details: {},
    description: "`sealdesk tenant resume`",
  },
  "tenant.allow_staff_grants": {
    class: "U",
    resources: ["tenant"],
    details: {},
    description: "`sealdesk tenant staff-grants --set on`",
  },
  "tenant.forbid_staff_grants": {
    class: "U",
    resources: ["tenant"],
    details: {},
    description: "`sealdesk tenant staff-grants --set off`",
  },
  "tenant.set_customer_keys": {
    class: "U",
    resources: ["tenant"],
    details: { keys: "list" },
    description: "`sealdesk tenant keys set`",
  },
  "tenant.add_customer_keys": {
    class: "U",
    resources: ["tenant"],
    details: { keys: "list" },
    description: "`sealdesk tenant keys add`",
  },
  "tenant.remove_customer_key": {
    class: "U",
    resources: ["tenant"],
    details: { keys: "list" },
    description: "`sealdesk tenant keys remove`",
  },
  "tenant.add_origin": {
    class: "U",
    resources: ["tenant"],
    details: { origins: "list" },
    description: "`sealdesk tenant origins add`",
  },
  "tenant.remove_origin": {
    class: "U",
    resources: ["tenant"],
    details: { origins: "list" },
    description: "`sealdesk tenant origins remove`",
  },
} as const satisfies ActionSpecs;

/** The audited acts on a log. */
export const auditActions = {
  "audit.read_tiles": {
    class: "R",
    resources: ["audit-log"],
    details: {},
    description: "The first read of the log's files by a session in each hour, on each node.",
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
    },
    description: "`sealdesk audit export` of a tenant's log",
  },
  "audit.archive": {
    class: "R",
    resources: ["audit-log", "key-log"],
    details: {},
    description: "`sealdesk audit archive` of a tenant's log",
  },
  "audit.prove": {
    class: "R",
    resources: ["audit-log", "key-log"],
    details: { index: "text", event: "text" },
    description: "`sealdesk audit prove` of a tenant's log",
  },
  "audit.prune": {
    class: "D",
    resources: ["audit-log"],
    details: {
      beforeMs: "number",
      retainMs: "number",
      minimumIndex: "number",
      nowMs: "number",
      databaseMs: "number",
      witnessedMs: "number",
    },
    description: "`sealdesk audit prune`",
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
  "audit.set_retention": {
    class: "U",
    resources: ["audit-log"],
    details: { days: "number" },
    description: "`sealdesk audit retention`",
  },
} as const satisfies ActionSpecs;
