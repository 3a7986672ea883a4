import type { ProblemAction } from "./problem-document.ts";

export interface ProblemKind {
  /** HTTP status. */
  readonly status: number;
  readonly title: string;
  readonly action?: ProblemAction;
}

const kind = (status: number, title: string, action?: ProblemAction): ProblemKind =>
  action === undefined ? { status, title } : { status, title, action };

/**
 * Every code that the server sends to clients: over HTTP in a problem document (RFC 9457), and over
 * the relay in a refusal.
 */
export const problemKinds = {
  invalid_request: kind(400, "The request does not have the documented form"),
  malformed_json: kind(400, "The body is not JSON"),
  unsupported_media_type: kind(415, "The body's type or encoding is not accepted"),
  body_too_large: kind(413, "The body is too large"),
  body_too_late: kind(408, "The body did not arrive in time", "repeat"),
  headers_too_large: kind(431, "The request's headers are too large"),
  wrong_offset: kind(409, "The bytes do not continue the upload"),
  unsupported_tus_version: kind(412, "This version of tus is not served"),
  not_found: kind(404, "There is no such resource"),
  missing_token: kind(401, "An access token and a device proof are needed", "sign_in"),
  connection_elsewhere: kind(421, "Another node serves this connection", "repeat"),
  connection_gone: kind(410, "The connection has ended", "hello"),
  rate_limited: kind(429, "Too many requests", "wait"),
  not_ready: kind(503, "The server is not ready", "wait"),
  internal_error: kind(500, "Something went wrong in the server"),

  key_destroyed: kind(410, "The content is erased"),
  sign_in_failed: kind(401, "The sign-in failed"),
  invalid_token: kind(401, "The access token is not valid", "sign_in"),
  token_expired: kind(401, "The access token has expired", "renew"),
  invalid_proof: kind(401, "The device proof is not valid"),
  proof_reused: kind(401, "The device proof was used before"),
  session_revoked: kind(401, "The session is over", "sign_in"),
  device_revoked: kind(403, "The device was removed from its account"),
  overloaded: kind(503, "The server is overloaded", "wait"),
  tenant_suspended: kind(403, "The organisation is suspended"),
  origin_not_allowed: kind(403, "The page's origin is not allowed"),
  user_not_found: kind(404, "There is no such user"),
  device_required: kind(403, "The device is not registered", "register_device"),
  device_exists: kind(409, "The device's id or key is taken"),
  device_not_found: kind(404, "There is no such device"),
  too_many_devices: kind(409, "The account has too many devices"),
  account_key_mismatch: kind(409, "The account has a different key"),
  account_key_retired: kind(409, "The account was reset and needs another key"),
  device_not_approved: kind(403, "No device of the account approved this one"),
  invalid_certificate: kind(400, "The device's certificate is not valid"),
  invalid_device_list: kind(400, "The account's list of devices is not valid"),
  stale_device_list: kind(409, "The account has a later list of devices"),
  invalid_prekey: kind(400, "A prekey is not valid"),
  too_many_prekeys: kind(400, "Too many prekeys in one upload"),
  prekey_id_reused: kind(409, "A prekey id was used for another key"),
  prekeys_differ: kind(409, "The relay serves keys that differ from those the device published"),
  no_prekeys: kind(409, "The device has published no prekeys"),
  key_log_behind: kind(503, "The key log is not signed up to this size yet", "wait"),
  key_log_not_witnessed: kind(503, "Too few witnesses cosigned the key log up to here yet", "wait"),
  key_log_shorter: kind(404, "The key log has no tree of that size"),
  audit_log_altered: kind(503, "The audit log was altered in the database"),
  audit_log_behind: kind(503, "The audit log was rewound in the database"),
  audit_log_inconsistent: kind(503, "The audit log was altered in the database"),
  audit_checkpoint_invalid: kind(503, "The audit log's checkpoint is not the server's"),
  audit_action_unknown: kind(400, "The audit log has no such action"),
  audit_entry_not_stored: kind(503, "The audit log did not keep the entry of this act"),
  link_not_needed: kind(409, "The account has no device yet", "register_device"),
  link_request_exists: kind(409, "The request's id is taken"),
  link_request_not_found: kind(404, "There is no such request"),
  link_request_expired: kind(410, "The request is too old"),
  link_request_closed: kind(409, "The request was answered"),
  forbidden: kind(403, "This is not permitted"),

  conversation_not_found: kind(404, "There is no such conversation"),
  conversation_exists: kind(409, "The conversation's id is taken"),
  member_not_found: kind(404, "There is no such member"),
  already_a_member: kind(409, "The user is a member already"),
  no_device: kind(409, "A member has no registered device", "register_device"),
  invalid_signature: kind(400, "The record is not signed by this device"),
  invalid_record: kind(400, "The signed record is not valid here"),
  staff_not_certified: kind(503, "The tenant's authority does not certify the role yet", "wait"),
  stale_record: kind(409, "The conversation went on since the record was signed", "sync"),
  record_exists: kind(409, "The record's id is taken"),
  grant_not_found: kind(404, "There is no such grant"),
  contended: kind(409, "The conversation is busy", "wait"),
  attachment_not_found: kind(404, "There is no such attachment"),
  attachment_exists: kind(409, "The attachment's id is taken"),
  attachment_too_large: kind(413, "The attachment is too large"),
  attachment_damaged: kind(410, "The stored attachment was altered"),
  quota_exceeded: kind(507, "The quota is used up"),
  upload_expired: kind(410, "The upload was not completed in time"),
  unavailable: kind(503, "The relay is busy", "wait"),
  stale_message_id: kind(409, "The message id is too old or ahead of time", "sync"),
  not_a_member: kind(403, "The device is not a member"),
  too_many_conversations: kind(409, "There are too many open conversations"),
  too_many_members: kind(409, "The conversation has too many members"),
  conversation_closed: kind(409, "The conversation is closed"),
  message_too_large: kind(413, "The message is too large"),
  stale_epoch: kind(409, "The epoch has advanced", "rotate"),
  key_expired: kind(409, "The key has reached the end of its use", "rotate"),
  device_mismatch: kind(409, "The packets are not for the current devices", "sync"),
} as const satisfies Readonly<Record<string, ProblemKind>>;

export type ProblemCode = keyof typeof problemKinds;
