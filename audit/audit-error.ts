/** Why the audit log is not continued or cannot be read. */
export type AuditErrorCode =
  | "log_behind" // the database has fewer entries than a checkpoint that was given out
  | "log_inconsistent" // the database's tree is no extension of a checkpoint that was given out
  | "invalid_checkpoint" // a checkpoint kept outside is not by this key, or of another log
  | "log_not_found" // nothing was logged for the tenant yet
  | "entry_not_found"
  | "not_prunable"; // what the policy keeps would go

/** Its message names logs by their origin, never an entry. */
export class AuditError extends Error {
  override readonly name = "AuditError";
  readonly code: AuditErrorCode;
  constructor(code: AuditErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
