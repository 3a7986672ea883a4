/** What is known about a check before it runs. */
interface CheckSpec {
  /** "health": whether the server runs well. "compliance": whether it keeps what it promises. */
  readonly about: "health" | "compliance";
  /** What a good answer is. */
  readonly expected: string;
  /** What to do otherwise. */
  readonly act: string;
}

const health = (expected: string, act: string): CheckSpec => ({ about: "health", expected, act });
const compliance = (expected: string, act: string): CheckSpec => ({
  about: "compliance",
  expected,
  act,
});

/** Every check by its name, in the order of the report: first the deployment, then the tenant. */
export const checkList = {
  database: health(
    "The database answers and has every migration of this version.",
    "Run `sealdesk migrate`, or look after the database.",
  ),
  keystore: health(
    "The keystore answers and has every migration of this version.",
    "Run `sealdesk migrate`, or look after the keystore.",
  ),
  key_service: health(
    "The key service answers.",
    "Unseal it, or correct its address and credentials: docs/keys.md.",
  ),
  clock: health(
    "The clocks of this node and of the database are at most 2 seconds apart.",
    "Set both by a time service. Nothing is destroyed until they agree.",
  ),
  ledger: health(
    "The database and the keystore have carried out the whole erasure ledger.",
    "Run `sealdesk ledger status`, then `sealdesk ledger replay`: docs/restore.md.",
  ),
  tls: compliance(
    "Clients use https, and the connection to the database is encrypted or stays on this machine.",
    "Set PUBLIC_URL to https, and `sslmode=verify-full` in DATABASE_URL: docs/operations.md.",
  ),
  key_custody: compliance(
    "Keys are in Vault or an HSM, which this server cannot read them from.",
    "Set SEALDESK_KMS to vault or pkcs11: docs/keys.md.",
  ),
  keystore_apart: compliance(
    "The keystore has a database of its own, so that its backups expire within days.",
    "Set KEYSTORE_URL: docs/keys.md.",
  ),
  backups: compliance(
    "PostgreSQL archived a segment of its log within the last 24 hours.",
    "Check the age of the last backup where it is made. With archive_mode, this check knows it.",
  ),
  checkpoints: compliance(
    "The last signed heads are kept in a bucket with Object Lock.",
    "Set AUDIT_CHECKPOINTS_S3_BUCKET: docs/audit.md.",
  ),
  witnesses: compliance(
    "At least one witness must cosign before a log is published.",
    "Set AUDIT_WITNESSES and AUDIT_WITNESS_QUORUM: docs/audit.md.",
  ),
  sinks: compliance(
    "At least one place outside of the server is given every entry of the audit log.",
    "Set AUDIT_SINKS: docs/audit.md.",
  ),
  restore_approvers: compliance(
    "At least two people may approve that a backup is restored.",
    "Set AUDIT_RESTORE_APPROVERS: docs/restore.md.",
  ),
  audit_log: compliance(
    "The audit log of the tenant has a signed head.",
    "Start the server, and look at /readyz.",
  ),
  staffing: compliance(
    "At least two compliance or privacy officers, an administrator, and an auditor can sign in.",
    "Create the accounts: `sealdesk user create`.",
  ),
  second_factor: compliance(
    "Every role of people needs a second factor.",
    "Run `sealdesk tenant second-factor` for each role: docs/access.md.",
  ),
  idle_log_off: compliance(
    "People are logged off after at most 30 idle minutes.",
    "Run `sealdesk tenant idle-log-off`: docs/access.md.",
  ),
  dual_control: compliance(
    "The policy in force needs other people for versions of the policy, for break-glass and for releases of holds.",
    "Compare the policy in force with the default: `sealdesk policy show`.",
  ),
  break_glass_reviews: compliance(
    "Every access in an emergency that is over was reviewed.",
    "Run `sealdesk break-glass list`, then `sealdesk break-glass review`.",
  ),
  alerts: compliance(
    "No alert waits longer than 7 days to be acknowledged.",
    "Run `sealdesk alerts list`, then `sealdesk alerts acknowledge`.",
  ),
  holds: compliance(
    "No legal hold is past its review.",
    "Run `sealdesk hold list`, then `sealdesk hold review`.",
  ),
  requests: compliance(
    "No request of a person is overdue or due within 7 days.",
    "Run `sealdesk request list`, and answer the most urgent first.",
  ),
  breaches: compliance(
    "No breach is open, and no notice of one is overdue.",
    "Run `sealdesk breach list`, then `sealdesk breach show`.",
  ),
  cases: compliance(
    "No step of a case fails.",
    "Run `sealdesk case list`, and remove the cause that it names.",
  ),
  retention: compliance(
    "A retention schedule is in force.",
    "Run `sealdesk retention save`: docs/compliance-guide.md.",
  ),
  request_rules: compliance(
    "It is set which law applies to whom, and where days end.",
    "Run `sealdesk request rules set`: docs/compliance-guide.md.",
  ),
  notice: compliance(
    "A privacy notice is in force.",
    "Run `sealdesk notice draft`: docs/consent.md.",
  ),
} as const satisfies Readonly<Record<string, CheckSpec>>;

export type CheckName = keyof typeof checkList;
