/** Why the audit log cannot be continued or read. */
export type AuditErrorCode =
  | "audit_log_behind" // the database has fewer entries than a published checkpoint
  | "audit_log_inconsistent" // the database's tree does not extend a published checkpoint
  | "audit_checkpoint_invalid" // a checkpoint has another key or belongs to another log
  | "audit_checkpoint_missing" // a log has a signed head, and no checkpoint of it is kept outside
  | "audit_log_altered" // an entry in the database is not the one that was signed, or is gone
  | "audit_log_unchecked" // a check of the logs keeps failing, so nobody knows what it would find
  | "audit_guards_altered" // triggers, functions, policies or grants are not those of this version
  | "audit_state_differs" // accounts, roles or settings in the database are not what the log says
  | "audit_entry_not_stored" // the database did not keep the entry of an act
  | "audit_sink_unavailable" // too few sinks take entries, and the policy is to refuse acts then
  | "audit_action_unknown" // a filter names an action that the audit log does not have
  | "head_not_found" // the log has no signed head of this size
  | "log_not_found" // nothing has been logged for the tenant yet
  | "entry_not_found"
  | "clocks_apart" // the clock of a command and the database's disagree
  | "not_prunable"; // pruning would remove what the policy keeps

const REFUSES = "see docs/audit.md, “When the server refuses to continue a log”.";

/** What a person must do about each finding. An error's message ends with it, unless it names something else. */
const usualAdvice: Readonly<Partial<Record<AuditErrorCode, string>>> = {
  audit_log_behind:
    "If you restored a backup, declare it: see docs/restore.md. Otherwise, find out who put the database back.",
  audit_log_inconsistent: `Keep a copy of the database as evidence, and find out who rewrote the log: ${REFUSES}`,
  audit_checkpoint_invalid: `Put back what was changed, and check that SEALDESK_KMS and SEALDESK_HOME name the key service of this database: ${REFUSES}`,
  audit_checkpoint_missing:
    "Put AUDIT_CHECKPOINTS back, or have two people adopt the head: see docs/audit.md, “When outside checkpoints are missing”.",
  audit_log_altered:
    "Put the row back from a backup, and find out who changed it: see docs/audit.md, “When the log was altered”.",
  audit_log_unchecked:
    "Find out what keeps the rows from being read: see docs/audit.md, “When a log cannot be checked”.",
  audit_guards_altered:
    "Find out who changed it: see docs/audit.md, “When the database's guards were altered”.",
  audit_state_differs:
    "Find out who changed the row: see docs/audit.md, “When the database differs from the log”.",
  clocks_apart: "Set both clocks right, and run the command again.",
  audit_sink_unavailable:
    "Try again later. The operator must look at the sinks: see docs/audit.md, “Send the log elsewhere as it grows”.",
  audit_entry_not_stored:
    "Look for triggers and rules on audit.entries that Sealdesk did not create.",
};

interface AuditErrorOptions extends ErrorOptions {
  /** What a person must do, if it is not the usual advice about the code. */
  readonly advice?: string;
}

/** The message names logs by their origin, never contains an entry, and ends with what to do. */
export class AuditError extends Error {
  override readonly name = "AuditError";
  readonly code: AuditErrorCode;
  /** @param what what was found, in whole sentences */
  constructor(code: AuditErrorCode, what: string, options: AuditErrorOptions = {}) {
    const { advice = usualAdvice[code] } = options;
    super(advice === undefined ? what : `${what} ${advice}`, options);
    this.code = code;
  }
}

/** @param what names the position and the fault there, such as "Entry 5 was removed." */
export const altered = (origin: string, what: string, options?: AuditErrorOptions): AuditError =>
  new AuditError(
    "audit_log_altered",
    `The log ${origin} was altered in the database. ${what}`,
    options,
  );

/** Like `altered`, for an entry that never was in the log, so that no signed head has it. */
export const keptOut = (origin: string, what: string): AuditError =>
  altered(origin, what, {
    advice:
      "Find out who kept it out of the log, and write down what the act was, because no backup has it: see docs/audit.md, “When the log was altered”.",
  });
