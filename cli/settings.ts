import { resolve } from "node:path";
import { auditSettings, type AuditSettings } from "../audit/checkpoints/audit-settings.ts";
import { LogError } from "../audit/verify/log-error.ts";
import { readEnvFile } from "../keys/env-file.ts";
import { readKmsSettings, type KmsSettings } from "../keys/kms/kms-settings.ts";

/** What the commands read from the environment; the server checks the rest for itself. */
export interface Settings {
  /** Absolute path of SEALDESK_HOME. */
  readonly home: string;
  /** A login that may act as the owner; undefined for the embedded database. */
  readonly ownerUrl: string | undefined;
  /** The keystore's, when it has a database of its own. */
  readonly keystoreUrl: string | undefined;
  /** Where clients reach the server, if it is where the same environment puts it. */
  readonly publicUrl: string;
  readonly production: boolean;
  /** The key-management service; as the server's. @throws KeysError kms_misconfigured */
  readonly kms: () => KmsSettings;
  /** The audit log, as the server continues it. */
  readonly audit: AuditSettings;
  /** How long audit entries are kept at least. */
  readonly auditRetainDays: number;
}

/** An operator's mistake, said in one sentence. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code = "invalid_command";
}

/** The settings of this process: its environment, and `.env` in the working directory beneath it. */
export function readSettings(): Settings {
  const environment = { ...readEnvFile(), ...process.env };
  const value = (name: string): string | undefined => environment[name] || undefined;
  const production = value("NODE_ENV") === "production";
  const ownerUrl = value("DATABASE_OWNER_URL") ?? value("DATABASE_URL");
  if (production && ownerUrl === undefined)
    throw new CommandError(
      "DATABASE_URL must be set in production, where the embedded database does not run.",
    );
  const home = resolve(value("SEALDESK_HOME") ?? "./.sealdesk");
  const host = value("HOST") ?? "127.0.0.1";
  return {
    home,
    ownerUrl,
    keystoreUrl: value("KEYSTORE_OWNER_URL") ?? value("KEYSTORE_URL"),
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
