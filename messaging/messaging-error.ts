import type { AdmissionRefusal } from "../policies/admission.ts";

export type MessagingErrorCode =
  | AdmissionRefusal
  | "conversation_not_found" // or not visible to who asks: the two are not told apart
  | "conversation_exists"
  | "forbidden"
  | "session_revoked" // the actor's session ended before the act
  | "device_revoked" // the actor's device was removed before the act
  | "member_not_found"
  | "already_a_member"
  | "no_device" // a member needs a registered device before it can be written to
  | "invalid_signature" // the record is not signed by the device that brings it
  | "invalid_record" // a receipt that is malformed, or says something else than the request
  | "record_exists" // the receipt's id is taken by another
  | "grant_not_found" // or not for this device
  | "contended" // other changes kept coming first; try again
  | "attachment_not_found" // or not for who asks; or its upload is not complete
  | "attachment_exists" // the id is taken
  | "attachment_too_large" // more than the tenant allows for one
  | "attachment_damaged" // what is stored is not what was uploaded
  | "quota_exceeded" // the conversation, the device or the tenant holds too much already
  | "upload_expired" // not completed in time: begin again
  | "unavailable"; // the message was not stored; try again

/** A refusal of the messaging domain. Its message never holds content or personal data. */
export class MessagingError extends Error {
  override readonly name = "MessagingError";
  readonly code: MessagingErrorCode;
  /** Why the policy said no, where it did. */
  readonly reasons: readonly string[];
  constructor(
    code: MessagingErrorCode,
    message: string,
    options: ErrorOptions & { readonly reasons?: readonly string[] } = {},
  ) {
    super(message, options);
    this.code = code;
    this.reasons = options.reasons ?? [];
  }
}
