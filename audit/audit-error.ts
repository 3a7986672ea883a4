/** Why the audit log cannot be continued or read. */
export type AuditErrorCode =
  | "audit_log_behind" // the database has fewer entries than a published checkpoint
  | "audit_log_inconsistent" // the database's tree does not extend a published checkpoint
  | "audit_checkpoint_invalid" // a checkpoint has another key or belongs to another log
  | "audit_checkpoint_missing" // a log has a signed head, and no checkpoint of it is kept outside
  | "audit_log_altered" // an entry in the database is not the one that was signed, or is gone
  | "audit_guards_altered" // triggers, functions, policies or grants are not those of this version
  | "audit_state_differs" // accounts, roles or settings in the database are not what the log says
  | "audit_entry_not_stored" // the database did not keep the entry of an act
  | "audit_action_unknown" // a filter names an action that the audit log does not have
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

/** The advice about an altered log. It ends the message of every `audit_log_altered`. */
const WHAT_TO_DO =
  "Put the row back from a backup, and find out who changed it: see docs/audit.md, “When the log was altered”.";

/** @param what names the position and the fault there, such as "Entry 5 was removed." */
export const altered = (origin: string, what: string, options?: ErrorOptions): AuditError =>
  new AuditError(
    "audit_log_altered",
    `The log ${origin} was altered in the database. ${what} ${WHAT_TO_DO}`,
    options,
  );
