import { DomainError, type DomainErrorOptions } from "../../policies/domain-error.ts";

export type ReportErrorCode =
  | "report_not_found" // or not for the actor: the two are not distinguished
  | "report_not_authentic" // the server did not accept these bytes of this author in this place
  | "report_exists" // the person has reported one of the messages before
  | "report_decided" // somebody has decided about it
  | "appeal_not_possible" // too late, or appealed before
  | "appeal_not_found" // none waits for a decision
  | "invalid_report" // the messages do not make one report, or the decision lacks something
  | "too_many_reports"; // too many reports of the person wait for a decision

/** A refusal about reports. Its message never holds content. */
export class ReportError extends DomainError {
  override readonly name = "ReportError";
  readonly code: ReportErrorCode;
  constructor(code: ReportErrorCode, message: string, options?: DomainErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
