import { resolve } from "node:path";
import { auditSettings, type AuditSettings } from "../audit/checkpoints/audit-settings.ts";
import { LogError } from "../audit/verify/log-error.ts";
import type { NamedUrl } from "../db/assert-reachable.ts";
import { readEnvFile } from "../keys/env-file.ts";
import { readKmsSettings, type KmsSettings } from "../keys/kms/kms-settings.ts";

/** What the commands read from the environment. The server checks the other variables itself. */
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
  /** The key service, as the server uses it. @throws KeysError kms_misconfigured */
  readonly kms: () => KmsSettings;
  /** Settings of the audit log, as the server uses them. */
  readonly audit: AuditSettings;
  /** Audit entries younger than this many days are not pruned. */
  readonly auditRetainDays: number;
}

/** A mistake of the operator. The message says in one sentence what to correct. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code = "invalid_command";
}

/** Reads the environment, and `.env` in the working directory for variables that it does not set. */
export function readSettings(): Settings {
  const environment = { ...readEnvFile(), ...process.env };
  const value = (name: string): string | undefined => environment[name] || undefined;
  const production = value("NODE_ENV") === "production";
  const firstOf = (...names: readonly string[]): NamedUrl | undefined =>
    names.flatMap((variable) => {
      const url = value(variable);
      return url === undefined ? [] : [{ variable, url }];
    })[0];
  const owner = firstOf("DATABASE_OWNER_URL", "DATABASE_URL");
  if (production && owner === undefined)
    throw new CommandError(
      "DATABASE_URL must be set in production, where the embedded database does not run.",
    );
  const home = resolve(value("SEALDESK_HOME") ?? "./.sealdesk");
  const host = value("HOST") ?? "127.0.0.1";
  return {
    home,
    owner,
    keystore: firstOf("KEYSTORE_OWNER_URL", "KEYSTORE_URL"),
    publicUrl: (value("PUBLIC_URL") ?? `http://${host}:${value("PORT") ?? "8080"}`).replace(
      /\/+$/,
      "",
    ),
    production,
    kms: () => readKmsSettings(environment, { home, production }),
    audit: auditSettingsOf(value, home),
    auditRetainDays: Number(value("AUDIT_RETAIN_DAYS") ?? "2192"),
  };
}

function auditSettingsOf(value: (name: string) => string | undefined, home: string): AuditSettings {
  try {
    return auditSettings(value, home);
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    throw new CommandError(`AUDIT_WITNESSES cannot be used: ${cause.message}`, { cause });
  }
}
