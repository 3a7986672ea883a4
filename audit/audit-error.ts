/** Why the audit log cannot be continued or read. */
export type AuditErrorCode =
  | "log_behind" // the database has fewer entries than a published checkpoint
  | "log_inconsistent" // the database's tree does not extend a published checkpoint
  | "invalid_checkpoint" // a checkpoint kept outside has another key or belongs to another log
  | "log_not_found" // nothing has been logged for the tenant yet
  | "entry_not_found"
  | "not_prunable"; // pruning would remove what the policy keeps

/** The message names logs by their origin and never contains an entry. */
export class AuditError extends Error {
  override readonly name = "AuditError";
  readonly code: AuditErrorCode;
  constructor(code: AuditErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
