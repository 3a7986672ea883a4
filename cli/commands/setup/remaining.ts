import type { Answers } from "./answers.ts";
import type { Environment } from "../../../keys/environment/parse-environment.ts";

/** What a production server should have, the variable that shows it, and where it is described. */
const steps: readonly {
  readonly isDone: (environment: Environment) => boolean;
  readonly text: string;
}[] = [
  {
    isDone: has("TRUSTED_PROXIES"),
    text: "Put a TLS proxy in front of the server, and name it in TRUSTED_PROXIES.",
  },
  {
    isDone: has("AUDIT_CHECKPOINTS", "AUDIT_CHECKPOINTS_S3_BUCKET"),
    text: "Keep the audit log's checkpoints on another disk: AUDIT_CHECKPOINTS (docs/audit.md).",
  },
  {
    isDone: has("AUDIT_RESTORE_APPROVERS"),
    text: "Name the people who approve a restore from a backup: AUDIT_RESTORE_APPROVERS (docs/restore.md).",
  },
  {
    isDone: has("AUDIT_WITNESSES"),
    text: "Let somebody else witness the audit log: AUDIT_WITNESSES (docs/audit.md).",
  },
  {
    isDone: has("METRICS_PORT"),
    text: "Collect metrics and load the alert rules: METRICS_PORT (docs/operations.md).",
  },
  {
    isDone: has("AUTHORITY_URL"),
    text: "If whoever runs the server must not decide who is staff, run the authority elsewhere: AUTHORITY_URL (docs/operations.md).",
  },
];

function has(...names: readonly string[]): (environment: Environment) => boolean {
  return (environment) => names.some((name) => (environment[name] ?? "") !== "");
}

/** Returns what is left to do, as one sentence each. */
export function remainingSteps(
  environment: Environment,
  { tenant: { slug }, identityProvider }: Answers,
): readonly string[] {
  const isLocal = (environment["SEALDESK_KMS"] ?? "local") === "local";
  return [
    ...steps.filter(({ isDone }) => !isDone(environment)).map(({ text }) => text),
    isLocal
      ? "Back up SEALDESK_HOME and what seals its keyring, apart from the database."
      : "Back up SEALDESK_HOME apart from the database.",
    ...(identityProvider === undefined
      ? [`Connect the identity provider of your staff: npx sealdesk idp add (docs/access.md).`]
      : []),
    `Let customers sign in: npx sealdesk tenant keys set --slug ${slug} --customer-keys FILE (docs/customer-sign-in.md).`,
    "Start the server in this folder: npx sealdesk start",
  ];
}
