import type { ProblemCode } from "../contract/problems.ts";
import type { UserId } from "../crypto/wire/ids.ts";

/** Every code that an error of this SDK can have. */
export type SealdeskErrorCode =
  // calling this SDK
  | "invalid_argument" // an argument has the wrong type or form: the message says which and what it must be
  | "suite_required" // this connection was made without a cipher suite: pass `suite` to `connect`
  // reaching the server
  | "network" // the server could not be reached, or the answer was cut off
  | "server_error" // the server failed: try again later
  | "rate_limited" // too many requests: see `retryAfterMs`
  | "invalid_response" // an answer does not have the expected form
  | "request_refused" // refused for a reason not listed here: see `problem`
  // signing in
  | "sign_in_failed" // wrong tenant, name, password or token
  | "sign_in_not_authentic" // the answer of the identity provider does not belong to this sign-in, or the server names another provider than the credentials
  | "signed_out" // the session is over, and there are no credentials to sign in again
  | "device_revoked" // this device was removed from its account: use a fresh store for a new device
  | "session_idle" // nobody used the app for too long: lock it, and sign in again with `connect`
  | "customer_exists" // the anonymous customer of this store has an account already: use a fresh store for that account
  | "customer_known" // the customer of this store is not anonymous any more: sign in with a customer token
  | "tenant_suspended" // the organisation is suspended, so none of its users is served
  | "account_has_other_devices" // another device of the account must approve this one
  // the account's password and second factor
  | "second_factor_required" // pass `secondFactor` in the credentials
  | "second_factor_failed" // the code is not right, or it was used before
  | "second_factor_locked" // too many wrong codes: use a recovery code, or ask an administrator
  | "second_factor_exists" // remove the authenticator app first
  | "second_factor_missing" // the account has none
  | "passkey_refused" // it is not for this account, page and device, or it took too long
  | "passkey_exists" // it was added before
  | "passkey_not_found" // the account has no passkey of that id
  | "too_many_passkeys" // remove one first
  | "passkeys_unavailable" // the page has no domain name, or is not secure
  | "second_factor_enrolment_required" // the role needs one: connect without a suite and enrol it
  | "step_up_required" // call `credentials.stepUp` with a code, or sign in with `fresh: true` at the identity provider or with a customer token; then repeat the call
  | "purpose_required" // your organisation asks what you read this for: pass `purposeOfUse` to `connect`
  | "wrong_password" // the present password is not right
  | "weak_password" // the new one is too short or too long, or has invisible characters
  | "password_too_common" // the new one is easy to guess: the message says why
  // linking a device
  | "link_not_needed" // the account has no device yet, or this is one of its devices: call `connect`
  | "link_refused" // a device of the account refused the request
  | "link_expired" // nobody approved in time: ask again
  | "link_not_authentic" // the approval does not come from a device that read this device's code
  | "invalid_link_code" // not the code of a new device: it is mistyped or cut short
  | "link_not_found" // this account has no such request, or it has expired
  | "link_closed" // the request was already approved or refused
  | "link_key_replaced" // the server shows another key than the code: do not approve
  | "device_not_found" // this account has no such device
  | "removal_not_confirmed" // the server says that it removed a device or member, and does not show it
  | "other_account" // the store belongs to another account
  | "store_in_use" // another process, tab or worker has the store open
  | "store_failed" // the device's store could not be read or written
  // the connection
  | "displaced" // the same device connected from somewhere else
  | "relay_refused" // the relay closed the connection for good: see `closeCode`
  | "closed" // `close()` was called: queued messages are sent with the next connection
  // conversations
  | "forbidden"
  | "conversation_not_found" // or this account may not see it
  | "too_many_conversations" // you or a member have too many open ones: the message says what to do
  | "too_many_members" // they are too many, or have more devices than one message can be sealed for
  | "member_not_found"
  | "already_a_member"
  | "no_device" // you cannot write to a member without a registered device
  // sending
  | "not_a_member"
  | "membership_unverified" // a membership event was malformed, so nobody knows who the members are
  | "arrived_unseen" // somebody came unseen after you wrote the message: see the event `arrival`, then send it again
  | "conversation_closed"
  | "message_too_large"
  | "message_altered" // the log does not hold the message as this device sealed it: see the problem `own_message_altered`
  | "stale_message_id" // the relay and the HTTP server disagree about the time: send it again later
  | "card_code_found" // the text has a card verification code, which must never be sent: remove it
  | "subject_erased" // the conversation's data subject is being erased
  | "revision_refused" // only its author edits or deletes a message, and only as long as the organisation allows
  | "history_incomplete" // this device does not have the whole range that you asked it to show
  // notices and consents
  | "notice_not_found" // the organisation has published no such notice
  | "notice_altered" // the text of a notice is not the one that the server names: do not show it
  | "notice_superseded" // another notice is in force by now: show that one, and ask again
  | "consent_not_found" // this account has no such consent
  | "consent_required" // the customer does not consent to this, or not any more
  | "consent_unverified" // the server did not show by a fresh statement that the customer consents
  | "consents_altered" // the server leaves out, changes or reorders consents that this device knows
  // attachments
  | "attachment_not_found" // or this account may not see it, or it was removed with its conversation
  | "attachment_too_large"
  | "attachment_damaged" // it differs from what its message names: see `problem`
  | "attachment_unreadable" // the data could not be read, or its size is not the one announced
  | "quota_exceeded" // a quota of attachments is used up; of messages, see the event `held`
  | "key_log_inconsistent" // the key log contradicts itself: see `problem` and the stored evidence
  | "key_log_not_witnessed" // too few of `keyLogWitnesses` have cosigned the key log: try again in a minute
  | "export_altered" // the copy of your data is not what its own hashes or this device say: the message names the place
  | "certificate_invalid" // a certificate of erasure does not verify: the message names the field, and `problem` says why
  | "untrusted_member" // a member's device is not certified by the key known for `user`
  | "send_refused"; // the relay refused the message for a reason not listed here: see `problem`

/** The additional properties of an error, besides its code. */
export interface SealdeskErrorDetails extends ErrorOptions {
  /** HTTP status. */
  readonly status?: number | undefined;
  /** The server's own code, from its problem document or refusal. */
  readonly problem?: string | undefined;
  /** WebSocket close code. */
  readonly closeCode?: number | undefined;
  /** After how many milliseconds another attempt makes sense. */
  readonly retryAfterMs?: number | undefined;
  /** The member concerned. */
  readonly user?: UserId | undefined;
}

/** The only error class of this SDK. Tell errors apart by `code`. The message holds no content. */
export class SealdeskError extends Error {
  override readonly name = "SealdeskError";
  readonly code: SealdeskErrorCode;
  readonly status: number | undefined;
  readonly problem: string | undefined;
  readonly closeCode: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly user: UserId | undefined;

  constructor(code: SealdeskErrorCode, message: string, details: SealdeskErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status;
    this.problem = details.problem;
    this.closeCode = details.closeCode;
    this.retryAfterMs = details.retryAfterMs;
    this.user = details.user;
  }
}

const transient: readonly SealdeskErrorCode[] = [
  "network",
  "server_error",
  "rate_limited",
  "key_log_not_witnessed",
];

/** Returns true for failures that may pass without your doing anything. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof SealdeskError)) return false;
  return transient.includes(error.code);
}

/** Returns whether the server refused with this code. */
export const isProblem = (error: unknown, problem: ProblemCode): boolean =>
  error instanceof SealdeskError && error.problem === problem;

/**
 * Returns the code of an error of class `name`. It looks at the fields, because another package may
 * hold its own copy of the class.
 */
export function codeOf(
  error: unknown,
  name: "SuiteError" | "DeviceError" | "StoreError" | "AttachmentError",
) {
  const { name: named, code } = (error ?? {}) as {
    readonly name?: unknown;
    readonly code?: unknown;
  };
  return named === name && typeof code === "string" ? code : undefined;
}
