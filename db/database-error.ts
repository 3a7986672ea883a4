/** Failures of the database itself, independent of any feature. */
export type DatabaseErrorCode =
  | "database_unreachable" // no connection could be made
  | "sessions_shared" // a pooler lends the same session to several connections
  | "not_fenced" // row-level security does not apply to the server's sessions
  | "postgres_too_old" // this PostgreSQL lacks what the SQL needs
  | "migration_failed" // a migration stopped; the schema is as before it
  | "migration_busy" // another process has been migrating for longer than is waited
  | "schema_ahead" // a later version has migrated the database
  | "embedded_unavailable" // the embedded PostgreSQL cannot run here
  | "cluster_in_use"; // another process has claimed the embedded PostgreSQL

export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
  readonly code: DatabaseErrorCode;
  constructor(code: DatabaseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Returns the SQLSTATE of an error that PostgreSQL raised; undefined for other errors. */
export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** What `sealdesk.assert_policy_version` raises. */
export const POLICY_CHANGED = "SD001";
export const UNIQUE_VIOLATION = "23505";

/** A write in a read-only transaction, as on a standby or an old primary. */
export const READ_ONLY = "25006";
