import type { AdmissionRefusal } from "../policies/admission.ts";
import { DomainError, type DomainErrorOptions } from "../policies/domain-error.ts";

export type MessagingErrorCode =
  | AdmissionRefusal
  | "conversation_not_found" // or not visible to the actor: the two are not distinguished
  | "conversation_exists"
  | "too_many_conversations" // the customer, or a member, has too many open ones
  | "too_many_members" // more than one event can list, or more devices than one message can be sealed for
  | "member_not_found"
  | "already_a_member"
  | "access_not_found" // no such request for access in an emergency
  | "access_not_needed" // the actor is a member, or may join without it
  | "access_not_running" // not granted, or over
  | "access_not_ended" // not over yet, or reviewed before
  | "too_many_requests" // requests for access of the account wait for approvers
  | "no_device" // a member needs a registered device before it can be written to
  | "invalid_signature" // the record is not signed by the device that sends it
  | "invalid_record" // a receipt that is malformed or does not match the request
  | "staff_not_certified" // the tenant's authority does not certify the actor's role; try again
  | "stale_record" // the conversation went on since the receipt was signed; sign again
  | "stale_consents" // the account has another last consent record; sign again
  | "record_exists" // another record has the receipt's id
  | "grant_not_found" // or it is not for this device
  | "notice_not_found" // or it is not published
  | "notice_superseded" // another one is in force
  | "consent_not_found" // or it is not for the actor
  | "countersignature_pending" // the audit log does not have the entry yet; try again
  | "invalid_notice" // a draft that cannot be published
  | "contended" // other changes were always first; try again
  | "attachment_not_found" // or it is not for the actor, or its upload is not complete
  | "attachment_exists" // the id is taken
  | "attachment_too_large" // larger than the tenant allows
  | "attachment_damaged" // the stored bytes are not what was uploaded
  | "quota_exceeded" // the conversation, the account or the tenant already holds too much
  | "upload_expired" // not completed in time; begin again
  | "unavailable"; // the message was not stored; try again

/** A refusal of the messaging domain. */
export class MessagingError extends DomainError {
  override readonly name = "MessagingError";
  readonly code: MessagingErrorCode;
  constructor(code: MessagingErrorCode, message: string, options?: DomainErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
