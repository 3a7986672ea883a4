import { resolve } from "node:path";
import { auditSettings, type AuditSettings } from "../audit/checkpoints/audit-settings.ts";
import { OPERATOR, type OperatorActor } from "../audit/operator.ts";
import type { NamedUrl } from "../db/assert-reachable.ts";
import { processEnvironment } from "../keys/environment/env-file.ts";
import { outgoingReach, type OutgoingReach } from "../keys/environment/outgoing-reach.ts";
import type { Environment } from "../keys/environment/parse-environment.ts";
import { authorityLocation } from "../keys/environment/authority-location.ts";
import { readVariables, type Variables } from "../keys/environment/variables.ts";
import type { AuthorityLocation } from "../identity/authority/remote-authority.ts";
import {
  ledgerLocation,
  type LedgerLocation,
} from "../workflows/ledger/stores/open-ledger-store.ts";
import { readKmsSettings, type KmsSettings } from "../keys/kms/kms-settings.ts";
import { runModeOf } from "../keys/run-mode.ts";

/**
 * The variables that the commands read from the environment. The server checks the other variables
 * itself.
 */
export interface Settings {
  /** Absolute path of SEALDESK_HOME. */
  readonly home: string;
  /** URL with a login that may act as the owner; undefined for the embedded database. */
  readonly owner: NamedUrl | undefined;
  /** URL of the keystore, if it has a database of its own. */
  readonly keystore: NamedUrl | undefined;
  /** The URL at which clients reach a server with the same environment. */
  readonly publicUrl: string;
  readonly production: boolean;
  /** The key service, as the server uses it. @throws ConfigError */
  readonly kms: () => KmsSettings;
  /** The tenant authority, if it is a process of its own. */
  readonly authority: AuthorityLocation | undefined;
  /** Where the key sets of customer tokens may be fetched from. */
  readonly outgoing: OutgoingReach;
  /** Settings of the audit log, as the server uses them. */
  readonly audit: AuditSettings;
  /** How long backups of the keystore are kept, in milliseconds. */
  readonly keystoreBackupMs: number;
  /** Where the ledger of erasures is kept, outside the database. */
  readonly erasureLedger: LedgerLocation;
  /** Who runs the command, for the audit log. */
  readonly operator: OperatorActor;
  /** The command that runs, for the audit log. */
  readonly command: RunningCommand;
  /** Audit entries younger than this many days are not pruned. */
  readonly auditRetainDays: number;
}

/** A command as its refusal is recorded. */
export interface RunningCommand {
  /** Its name, such as "tenant create". */
  readonly name: string;
  /** The short name of the tenant that it is about. */
  readonly tenant?: string | undefined;
}

/** A mistake of the operator. The message says in one sentence what to correct. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code = "invalid_command";
}

/**
 * Reads the settings of the commands.
 * @param operator who runs the command
 * @param command what runs
 * @throws ConfigError: one sentence that begins with the variable's name
 */
export function readSettings(
  environment: Environment = processEnvironment(),
  operator: OperatorActor = OPERATOR,
  command: RunningCommand = { name: "sealdesk" },
): Settings {
  const values = readVariables(environment);
  const production = runModeOf(values) === "production";
  const home = resolve(values.SEALDESK_HOME);
  return {
    home,
    owner: firstOf(values, "DATABASE_OWNER_URL", "DATABASE_URL"),
    keystore: firstOf(values, "KEYSTORE_OWNER_URL", "KEYSTORE_URL"),
    publicUrl: values.PUBLIC_URL ?? `http://${values.HOST}:${values.PORT}`,
    production,
    kms: () => readKmsSettings(environment, { home, production }),
    authority: authorityLocation(values),
    outgoing: outgoingReach(values),
    audit: auditSettings(values, home),
    keystoreBackupMs: Number(values.KEYSTORE_BACKUP_DAYS) * 86_400_000,
    erasureLedger: ledgerLocation(values, home),
    operator,
    command,
    auditRetainDays: Number(values.AUDIT_RETAIN_DAYS),
  };
}

function firstOf(
  values: Variables,
  ...names: readonly (
    "DATABASE_OWNER_URL" | "DATABASE_URL" | "KEYSTORE_OWNER_URL" | "KEYSTORE_URL"
  )[]
): NamedUrl | undefined {
  for (const variable of names) {
    const url = values[variable];
    if (url !== undefined) return { variable, url };
  }
  return undefined;
}
