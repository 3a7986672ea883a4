import { DomainError, type DomainErrorOptions } from "../policies/domain-error.ts";

/** What can be refused or fail in this folder. */
export type IdentityErrorCode =
  // sign-in and tokens
  | "sign_in_failed" // wrong tenant, name, password or customer token: never said which
  | "invalid_token" // not an access token of this server, or not for this device key
  | "token_expired" // renew the session
  | "invalid_proof" // not a DPoP proof by this key for this request
  | "proof_reused" // a proof serves one request
  | "session_revoked" // signed out, or over the session's age: sign in again
  | "session_not_found" // no open session of the account has that id
  | "device_revoked" // the device was removed from its account
  | "overloaded" // too many proofs in too short a time; try again
  // identity providers
  | "identity_provider_unavailable" // the provider gave no usable answer: try again
  | "role_not_assigned" // the provider knows the person, and none of their groups has a role
  | "account_not_linked" // the provider knows the person, who has no account here
  | "invalid_logout_token" // not a logout token of the provider, or one that was used before
  | "invalid_identity_provider" // settings that the real provider does not confirm
  | "too_many_identity_providers"
  | "identity_provider_not_found" // the tenant has no provider of that name
  | "provisioning_not_enabled" // the tenant has no provider of that name whose accounts come over SCIM
  | "invalid_scim_filter" // not a filter of RFC 7644, or one that no identity provider sends
  | "invalid_scim_path"
  | "invalid_scim_value"
  | "immutable_scim_attribute" // an attribute that a person with an account keeps
  | "group_not_found" // the provider has written no such group
  // accounts
  | "customer_exists" // an anonymous account cannot become that of a customer who has one
  | "customer_known" // the device of an account that is not anonymous
  | "tenant_suspended" // nobody of the tenant is served until it is resumed
  | "tenant_exists"
  | "tenant_not_found"
  | "invalid_customer_keys" // not a JWK Set of public keys that may sign customer tokens
  | "invalid_jwks_url" // not a URL from which a tenant's key set may be fetched
  | "jwks_unavailable" // the key set at the tenant's URL could not be fetched
  | "customer_key_exists" // the tenant has a key of that `kid`
  | "invalid_origin" // not the origin of a web page, or too many of them
  | "invalid_monitor" // not a name or a validity that a monitor can have, or there is none of that name
  | "invalid_api_key" // not a name, a scope or a validity that an API key can have, or there is none of that id
  | "administration_unavailable" // the server has no login that may change tenants
  | "idempotency_key_reused" // another request had the same Idempotency-Key
  | "request_unanswered" // the same request is being carried out, or its answer is lost
  | "origin_not_allowed" // the page that asks is of an origin that the tenant does not allow
  | "customer_key_not_found" // the tenant has no key of that `kid`
  | "username_taken"
  | "weak_password" // too short or too long, or with characters that nobody sees
  | "password_too_common" // on the list of common passwords, or it has the name of the account or tenant
  | "wrong_password" // the present password that a signed-in account gave
  | "passkey_refused" // it was made elsewhere, or too late
  | "passkey_exists" // the tenant has this credential
  | "passkey_not_found" // the account has no passkey of that id
  | "too_many_passkeys" // the account has as many as it may have
  | "passkeys_unavailable" // the page has no domain, or is not secure
  | "session_idle" // nobody used the session for too long
  | "second_factor_required" // the password is right, and the account has a second factor
  | "second_factor_failed" // the code is not right, or it was used before
  | "second_factor_locked" // too many codes of the authenticator app in succession were wrong
  | "second_factor_exists" // the account has an authenticator app
  | "second_factor_missing" // the account has no second factor
  | "second_factor_enrolment_required" // the role needs one, and the account may only enrol it
  | "step_up_required" // the act needs a fresh proof of the second factor
  | "purpose_required" // the tenant asks for a purpose of use, and none of its list was stated
  | "password_reset_refused" // no link for a new password that is still valid: never said which
  | "user_not_found"
  | "team_follows_directory" // a group of an identity provider gives the membership
  | "account_disabled" // whoever is disabled is in no team
  | "too_many_teams" // the account is in as many as its certificate can name
  | "subject_erased" // the account is being erased, or the token or the device is that of an erased account
  | "processing_restricted" // the conversation is only stored, until the restriction is lifted
  | "consent_required" // the act needs a consent of the customer that is not in force
  | "key_destroyed" // the account is erased, and no name of it is stored again
  | "key_missing" // the keystore does not know the key of an account's name
  // devices and prekeys
  | "device_required" // the session's device is not registered yet
  | "device_exists" // the id or the device key is taken
  | "device_not_found"
  | "too_many_devices"
  | "account_key_mismatch" // the account has another key
  | "account_key_retired" // the account had that key before it was reset
  | "device_not_approved" // no registered device of the account approved this one
  | "invalid_certificate" // the device key did not sign this device record
  | "invalid_device_list" // the account did not sign a list of exactly its devices
  | "stale_device_list" // the account signed a later list of its devices
  | "invalid_prekey" // a prekey has a wrong length
  | "too_many_prekeys" // over 100 of a kind in one upload, or over 500 unused
  | "prekey_id_reused" // the id was used for another key
  | "prekeys_differ" // the relay serves other keys than the device published
  | "no_prekeys" // the device has published none yet
  // the key log
  | "key_log_behind" // what was changed is not integrated and signed yet
  | "key_log_not_witnessed" // too few of the named witnesses have cosigned what was changed
  | "key_log_shorter" // no tree of that size was signed
  // the tenant's authority
  | "authority_unreachable" // the process that holds the authority's key gave no usable answer
  | "authority_key_unknown" // the key log has a key that the authority does not hold
  | "authority_key_used" // the authority has or had the key to which it is to hand over
  | "handover_not_agreed" // the operator of the process did not say that its key follows the present one
  // linking a device
  | "link_not_needed" // the account has no device yet: its first one makes the account key
  | "link_request_exists" // the id is taken
  | "link_request_not_found" // or not of who asks: the two are not told apart
  | "link_request_expired"
  | "link_request_closed" // approved or refused before
  // policies and approvals
  | "policy_changed" // another version is in force than when the request was authenticated
  | "invalid_policy" // the changes are not of the documented form, or go beyond what a version may
  | "policy_version_not_found"
  | "policy_version_closed" // it was withdrawn, or took effect
  | "policy_unreadable" // the stored version was altered, or has rules that do not exist
  | "too_many_drafts"
  | "unknown_right" // there is no such action on such a resource
  | "approval_not_found"
  | "approval_required" // the policy demands a second person
  | "approval_not_needed"
  | "too_many_requests"
  | "own_approval" // nobody approves their own request
  | "approval_changed" // what is approved is not what was asked for
  | "approval_expired"
  | "approval_used" // approved or withdrawn before
  | "other_version_to_come" // an approved version has yet to take effect
  // alerts
  | "alert_not_found" // or it was acknowledged before
  | "webhook_not_set" // the tenant has no webhook for alerts
  | "invalid_webhook_url" // not a URL to which alerts may be sent
  | "forbidden"; // the policy said no

/** A refusal or failure of the identity domain. */
export class IdentityError extends DomainError {
  override readonly name = "IdentityError";
  readonly code: IdentityErrorCode;
  constructor(code: IdentityErrorCode, message: string, options?: DomainErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The refusal of an act on an account that the tenant does not have. */
export const userNotFound = (): IdentityError =>
  new IdentityError("user_not_found", "There is no such user.");

/** The refusal of an act on a group that the identity provider has not written. */
export const groupNotFound = (): IdentityError =>
  new IdentityError("group_not_found", "There is no such group.");
