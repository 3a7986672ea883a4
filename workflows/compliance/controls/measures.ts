import type { CheckName } from "../check-list.ts";

/** Something that Sealdesk does, and how you see that it does. */
export interface Measure {
  /** What it does: one sentence. */
  readonly does: string;
  /** Where it is set, or that it cannot be switched off. */
  readonly setting: string;
  /** The files to read first. */
  readonly code: readonly string[];
  /** The files of tests that prove it. */
  readonly tests: readonly string[];
  /** The command that shows it. */
  readonly evidence: string;
  /** The checks whose results of today are shown. */
  readonly checks: readonly [CheckName, ...CheckName[]];
}

const ALWAYS = "always on";

/** Every measure by its name. */
export const measures = {
  access_control: {
    does: "Every act asks the policy, which denies by default. Tenants never meet.",
    setting: "the version of the policy: sealdesk policy draft",
    code: ["policies/rules/default-rules.ts", "identity/audited.ts"],
    tests: [
      "test/integration/security/every-route-for-every-role.test.ts",
      "test/integration/control-plane/tenants.test.ts",
    ],
    evidence: "sealdesk policy table",
    checks: ["dual_control", "staffing"],
  },
  unique_users: {
    does: "Each person and each program has an account of its own, with an id that the audit log names.",
    setting: ALWAYS,
    code: ["identity/accounts/staff.ts", "identity/tokens/authenticate.ts"],
    tests: ["test/integration/control-plane/sign-in.test.ts"],
    evidence: "sealdesk audit accounts --tenant SLUG",
    checks: ["staffing"],
  },
  authentication: {
    does: "Staff sign in with an identity provider, or with a password and a second factor. Sessions are bound to the key of the device.",
    setting: "sealdesk tenant second-factor, sealdesk idp add",
    code: ["policies/second-factor.ts", "identity/tokens/device-proof.ts"],
    tests: [
      "test/integration/control-plane/second-factor.test.ts",
      "test/integration/control-plane/passkeys.test.ts",
    ],
    evidence: "sealdesk doctor --compliance --tenant SLUG",
    checks: ["second_factor"],
  },
  idle_log_off: {
    does: "People who do nothing are logged off, and their connections are closed.",
    setting: "sealdesk tenant idle-log-off",
    code: ["policies/idle-log-off.ts", "identity/tokens/log-off-idle.ts"],
    tests: ["test/integration/control-plane/idle-log-off.test.ts"],
    evidence: "sealdesk doctor --compliance --tenant SLUG",
    checks: ["idle_log_off"],
  },
  break_glass: {
    does: "Access in an emergency needs two other people, ends by itself, is shown to everybody concerned, and is reviewed.",
    setting: ALWAYS,
    code: ["messaging/break-glass/request-access.ts", "policies/break-glass.ts"],
    tests: ["test/integration/control-plane/break-glass.test.ts", "test/e2e/break-glass.test.ts"],
    evidence: "sealdesk break-glass list --tenant SLUG",
    checks: ["break_glass_reviews", "staffing"],
  },
  dual_control: {
    does: "Nobody alone changes the policy, ends a hold, ends records earlier or publishes a notice.",
    setting: "always on for these; more with sealdesk policy draft",
    code: ["policies/versions/demands.ts", "identity/approvals/execute-approved.ts"],
    tests: ["test/integration/control-plane/approved-policies.test.ts"],
    evidence: "sealdesk approval list --tenant SLUG",
    checks: ["dual_control", "staffing"],
  },
  staff_lifecycle: {
    does: "Whoever leaves loses access at once: by SCIM, by the identity provider, or by hand.",
    setting: "sealdesk idp add, sealdesk user disable",
    code: ["identity/provisioning/README.md", "identity/accounts/set-role.ts"],
    tests: ["test/integration/provisioning/deprovisioning.test.ts"],
    evidence: "sealdesk audit accounts --tenant SLUG",
    checks: ["staffing"],
  },
  end_to_end: {
    does: "Messages are encrypted on the devices of members. The server holds no key to their content.",
    setting: ALWAYS,
    code: ["crypto/device/suite.ts", "docs/crypto.md"],
    tests: ["test/e2e/two-devices.test.ts", "test/integration/keystore/sealed-rows.test.ts"],
    evidence: "sealdesk audit export --tenant SLUG --keys --format tiles --out FOLDER",
    checks: ["key_service"],
  },
  at_rest: {
    does: "Records are sealed again under keys of each person, which the key service wraps.",
    setting: "SEALDESK_KMS, KEYSTORE_URL",
    code: ["keys/at-rest/envelope.ts", "keys/kms/kms.ts"],
    tests: [
      "test/integration/keystore/sealed-rows.test.ts",
      "test/integration/keystore/stored-columns.test.ts",
    ],
    evidence: "sealdesk keys status",
    checks: ["key_service", "key_custody", "keystore_apart"],
  },
  transport: {
    does: "Clients use TLS. The server refuses a public URL without it in production.",
    setting: "PUBLIC_URL, sslmode in DATABASE_URL",
    code: ["crypto/wire/secure-url.ts", "deploy/nginx.conf"],
    tests: ["test/architecture/deployed-tls.test.ts"],
    evidence: "sealdesk doctor --compliance",
    checks: ["tls"],
  },
  audit_log: {
    does: "Every act leaves an entry with who, what, when and how it ended, in a log that nobody can change unnoticed.",
    setting: "always on; AUDIT_WITNESSES",
    code: ["audit/append-entry.ts", "audit/verify/verify-log.ts"],
    tests: [
      "test/integration/security/every-act-is-audited.test.ts",
      "test/integration/audit/independent-verifier.test.ts",
    ],
    evidence: "sealdesk audit verify FOLDER --vkey KEY",
    checks: ["audit_log", "witnesses"],
  },
  audit_copies: {
    does: "Signed heads, and every entry, are kept outside of the database, in buckets that are locked.",
    setting: "AUDIT_CHECKPOINTS_S3_BUCKET, AUDIT_SINKS, AUDIT_RETAIN_DAYS",
    code: ["audit/sinks/audit-sinks.ts", "audit/checkpoints/s3-store.ts", "audit/prune/README.md"],
    tests: ["test/integration/audit/sinks.test.ts", "test/integration/audit/prune.test.ts"],
    evidence: "sealdesk audit archive --tenant SLUG --out FOLDER",
    checks: ["checkpoints", "sinks"],
  },
  audit_review: {
    does: "Officers search the log, follow it as it grows, and are alerted to acts that give rights or take a safeguard away.",
    setting: "always on; sealdesk alerts webhook set",
    code: ["policies/alerts.ts", "identity/audit-log/search-entries.ts"],
    tests: ["test/integration/control-plane/alerts.test.ts"],
    evidence: "sealdesk alerts list --tenant SLUG",
    checks: ["alerts"],
  },
  time: {
    does: "The clock of the database decides what is due. Clocks that differ are recorded, and nothing is destroyed meanwhile.",
    setting: ALWAYS,
    code: ["server/clock-watch.ts", "audit/clocks.ts"],
    tests: ["test/integration/observability/clock-watch.test.ts"],
    evidence: "sealdesk doctor",
    checks: ["clock"],
  },
  self_check: {
    does: "Nodes compare accounts, settings and guards of the database with the audit log, and the doctor checks the deployment.",
    setting: ALWAYS,
    code: ["identity/reconcile/compare-state.ts", "workflows/compliance/check-list.ts"],
    tests: [
      "test/integration/audit/reconciled-state.test.ts",
      "test/integration/workflows/compliance.test.ts",
    ],
    evidence: "sealdesk audit reconcile --tenant SLUG",
    checks: ["database", "audit_log"],
  },
  change_control: {
    does: "Each start, migration and change of a setting is in the operator's log, with who did it.",
    setting: ALWAYS,
    code: ["audit/actions/deployment-actions.ts", "server/record-run.ts"],
    tests: ["test/integration/audit/recorded-deployment.test.ts"],
    evidence: "sealdesk audit export --operator --format jsonl --out FOLDER",
    checks: ["database", "dual_control"],
  },
  retention: {
    does: "A schedule ends records by class, team and region. What has expired is hidden at once and purged.",
    setting: "sealdesk retention save",
    code: ["workflows/retention/purge.ts", "policies/retention.ts"],
    tests: ["test/integration/workflows/retention.test.ts"],
    evidence: "sealdesk retention show --tenant SLUG",
    checks: ["retention"],
  },
  retention_lock: {
    does: "A lock keeps records for the time that a law demands. It can be lengthened, and never shortened.",
    setting: "sealdesk retention lock",
    code: ["workflows/retention/lock-records.ts", "workflows/retention/locked-among.ts"],
    tests: ["test/integration/workflows/retention.test.ts"],
    evidence: "sealdesk retention show --tenant SLUG",
    checks: ["retention"],
  },
  completeness: {
    does: "Each message has a number and continues a chain of hashes, whose heads are in the audit log, so that a missing one shows.",
    setting: ALWAYS,
    code: ["messaging/transcripts/transcript-recorder.ts", "docs/protocol.md"],
    tests: ["test/integration/messaging/transcripts.test.ts"],
    evidence: "sealdesk audit prove 0 --tenant SLUG",
    checks: ["audit_log"],
  },
  legal_hold: {
    does: "What a dispute needs is preserved item by item, and two people release it.",
    setting: "sealdesk hold place",
    code: ["workflows/holds/held-among.ts", "policies/precedence.ts"],
    tests: ["test/integration/workflows/holds.test.ts"],
    evidence: "sealdesk hold list --tenant SLUG",
    checks: ["holds"],
  },
  erasure: {
    does: "A person's keys are destroyed, so that records and backups of them open no more. A certificate proves it offline.",
    setting: "sealdesk erase run",
    code: ["workflows/erasure/shred.ts", "audit/verify/certificate/verify-certificate.ts"],
    tests: ["test/integration/erasure/erasure.test.ts", "test/e2e/restored-erasure.test.ts"],
    evidence: "sealdesk verify certificate FILE --key KEY",
    checks: ["ledger", "requests"],
  },
  rights_requests: {
    does: "What people ask for by law is received, merged, timed by each law, and answered with a reason.",
    setting: "sealdesk request rules set",
    code: ["workflows/requests/open-request.ts", "policies/deadlines/due-date.ts"],
    tests: ["test/integration/workflows/requests.test.ts"],
    evidence: "sealdesk request list --tenant SLUG",
    checks: ["requests", "request_rules"],
  },
  notices_and_consents: {
    does: "People see a published notice, and consent under it with a signed receipt. A withdrawal counts at once.",
    setting: "sealdesk notice draft",
    code: ["messaging/consents/record-consent.ts", "messaging/notices/publish-notice.ts"],
    tests: ["test/integration/control-plane/consents.test.ts", "test/e2e/consents.test.ts"],
    evidence: "sealdesk notice list --tenant SLUG",
    checks: ["notice"],
  },
  pseudonyms: {
    does: "Logs, metrics, errors and the audit log name accounts by ids, and hold no content, name, address or number.",
    setting: ALWAYS,
    code: ["server/redact.ts", "identity/accounts/profiles.ts"],
    tests: ["test/integration/observability/privacy.test.ts"],
    evidence: "sealdesk audit export --tenant SLUG --format jsonl --out FOLDER",
    checks: ["audit_log"],
  },
  purpose_of_use: {
    does: "Whoever reads data about people states for what, and the entry has it.",
    setting: "sealdesk tenant purpose-of-use",
    code: ["policies/purpose-of-use.ts", "policies/disclosures.ts"],
    tests: ["test/integration/control-plane/break-glass.test.ts"],
    evidence: "sealdesk audit disclosures ACCOUNT --tenant SLUG",
    checks: ["audit_log"],
  },
  breach: {
    does: "A case computes what was exposed for whom, runs the clocks of GDPR, HIPAA, GLBA, NIS2 and DORA, contains the breach and keeps the evidence.",
    setting: "sealdesk breach open",
    code: ["policies/breach/exposure.ts", "workflows/breaches/open-breach.ts"],
    tests: ["test/integration/workflows/breaches.test.ts", "test/unit/policies/breach.test.ts"],
    evidence: "sealdesk breach list --tenant SLUG",
    checks: ["breaches"],
  },
  recovery: {
    does: "A backup is put back with the approval of two people, brings no erased person back, and the log says what was lost.",
    setting: "AUDIT_RESTORE_APPROVERS, ERASURE_LEDGER",
    code: ["audit/restore/restores.ts", "workflows/ledger/settle.ts", "docs/restore.md"],
    tests: ["test/e2e/restored-server.test.ts", "test/integration/audit/restore.test.ts"],
    evidence: "sealdesk ledger status",
    checks: ["backups", "ledger", "restore_approvers"],
  },
  processing_records: {
    does: "The records of processing are made from the settings that are in force.",
    setting: ALWAYS,
    code: ["workflows/compliance/processing-records.ts"],
    tests: ["test/integration/workflows/compliance.test.ts"],
    evidence: "sealdesk processing-records --tenant SLUG",
    checks: ["notice", "retention"],
  },
} as const satisfies Readonly<Record<string, Measure>>;

export type MeasureName = keyof typeof measures;
