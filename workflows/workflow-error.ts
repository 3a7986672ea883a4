import { DomainError, type DomainErrorOptions } from "../policies/domain-error.ts";

export type WorkflowErrorCode =
  | "hold_not_found" // or not visible to the actor: the two are not distinguished
  | "hold_released" // it is over, so it takes no change
  | "invalid_hold" // the custodian, the dates or what it covers are not usable
  | "match_not_found" // no question of that id waits for the actor's answer
  | "reopened_erasure_not_found" // no erasure of that id waits for an officer
  | "subject_not_found" // the tenant has no such account
  | "erasure_running" // an erasure of the person is not over
  | "last_administrator" // nobody could administer the tenant any more
  | "erasure_interrupted" // the ledger has an erasure that the database has not carried out
  | "restriction_not_found" // the tenant has no such restriction that somebody can lift
  | "nothing_to_restrict" // the person did not begin one of the conversations
  | "invalid_restriction" // the provision is not usable
  | "invalid_consumer" // the name or the URL of a consumer of erasures is not usable
  | "consumer_not_found" // the tenant has none of this name
  | "too_many_consumers" // remove one first
  | "certificate_not_found" // the erasure is not certified yet
  | "subject_unknown" // nobody has said yet whose request it is
  | "email_request_not_found" // never made, expired, or used
  | "request_not_found" // the tenant has no such request, or no link with this secret
  | "right_not_available" // no law that applies to the person gives this right
  | "too_many_receipts" // the person, or staff for the person, asked too often
  | "invalid_receipt" // a request is received now, or within the last year
  | "not_extendable" // extended before, over, or the law does not allow it
  | "ground_required" // a refusal without a ground, or a ground without a refusal
  | "invalid_request_rules" // a time zone, a day or a law does not exist
  | "invalid_breach" // what was taken, a moment or a device is not usable
  | "breach_not_finished" // something of the case is not done, sent or assessed
  | "notice_not_due" // the breach has no such duty, or it is recorded
  | "case_not_found" // the tenant has no such case
  | "case_moved" // the case is in another state by now, or it is over
  | "export_not_ready" // the server is still packing it
  | "export_changed" // what was packed is not what is there now, or not what the device has
  | "case_not_pending" // no step of the case failed
  | "invalid_retention" // too many rules, or they begin too late
  | "retention_locked" // a lock keeps records longer
  | "retention_changed" // another version took effect in the meantime
  | "retention_version_to_come" // an approved version has yet to take effect
  | "retention_version_not_found"
  | "clocks_apart"; // the clocks of the node and of the database disagree, so nothing is destroyed

/** A refusal of a workflow. */
export class WorkflowError extends DomainError {
  override readonly name = "WorkflowError";
  readonly code: WorkflowErrorCode;
  constructor(code: WorkflowErrorCode, message: string, options?: DomainErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
