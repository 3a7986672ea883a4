import * as z from "zod/mini";
import { problemDocument } from "../../contract/problem-document.ts";
import type { ProblemCode } from "../../contract/problems.ts";
import { SealdeskError, type SealdeskErrorCode } from "../errors.ts";
import type { HttpResponse } from "../runtime.ts";

/** The status decides: see `codeForStatus`. */
const byStatus = undefined;

/**
 * The meaning of each code of the server to an application. A new code is listed here deliberately.
 */
export type ErrorCodes = Readonly<Record<ProblemCode, SealdeskErrorCode | undefined>>;
const codes: ErrorCodes = {
  sign_in_failed: "sign_in_failed",
  identity_provider_unavailable: "server_error",
  role_not_assigned: "forbidden",
  account_not_linked: "forbidden",
  session_revoked: "signed_out",
  session_idle: "session_idle",
  invalid_token: "signed_out",
  token_expired: "signed_out",
  customer_exists: "customer_exists",
  customer_known: "customer_known",
  device_revoked: "device_revoked",
  tenant_suspended: "tenant_suspended",
  account_key_mismatch: "account_has_other_devices",
  account_key_retired: "device_revoked",
  device_not_approved: "account_has_other_devices",
  device_not_found: "device_not_found",
  link_not_needed: "link_not_needed",
  link_request_not_found: "link_not_found",
  link_request_expired: "link_expired",
  link_request_closed: "link_closed",
  weak_password: "weak_password",
  password_too_common: "password_too_common",
  wrong_password: "wrong_password",
  second_factor_required: "second_factor_required",
  second_factor_failed: "second_factor_failed",
  second_factor_locked: "second_factor_locked",
  second_factor_exists: "second_factor_exists",
  second_factor_missing: "second_factor_missing",
  passkey_refused: "passkey_refused",
  passkey_exists: "passkey_exists",
  passkey_not_found: "passkey_not_found",
  too_many_passkeys: "too_many_passkeys",
  passkeys_unavailable: "passkeys_unavailable",
  second_factor_enrolment_required: "second_factor_enrolment_required",
  step_up_required: "step_up_required",
  purpose_required: "purpose_required",
  rate_limited: "rate_limited",
  overloaded: "server_error",
  not_ready: "server_error",
  unavailable: "server_error",
  contended: "server_error",
  policy_changed: "server_error",
  stale_record: "server_error",
  invalid_proof: "request_refused",
  proof_reused: "request_refused",
  forbidden: "forbidden",
  conversation_not_found: "conversation_not_found",
  conversation_closed: "conversation_closed",
  too_many_conversations: "too_many_conversations",
  too_many_members: "too_many_members",
  member_not_found: "member_not_found",
  user_not_found: "member_not_found",
  already_a_member: "already_a_member",
  not_a_member: "not_a_member",
  no_device: "no_device",
  attachment_not_found: "attachment_not_found",
  attachment_damaged: "attachment_damaged",
  attachment_too_large: "attachment_too_large",
  quota_exceeded: "quota_exceeded",
  key_destroyed: "subject_erased",
  subject_erased: "subject_erased",
  key_log_not_witnessed: "key_log_not_witnessed",
  message_too_large: "message_too_large",
  stale_message_id: "stale_message_id",

  invalid_logout_token: byStatus,
  provisioning_not_enabled: byStatus,
  invalid_scim_filter: byStatus,
  invalid_scim_path: byStatus,
  invalid_scim_value: byStatus,
  immutable_scim_attribute: byStatus,
  group_not_found: byStatus,
  invalid_request: byStatus,
  malformed_json: byStatus,
  unsupported_media_type: byStatus,
  body_too_large: byStatus,
  body_too_late: byStatus,
  headers_too_large: byStatus,
  wrong_offset: byStatus,
  unsupported_tus_version: byStatus,
  not_found: byStatus,
  missing_token: byStatus,
  connection_elsewhere: byStatus,
  connection_gone: byStatus,
  internal_error: byStatus,
  origin_not_allowed: byStatus,
  invalid_customer_keys: byStatus,
  invalid_jwks_url: byStatus,
  jwks_unavailable: byStatus,
  customer_key_exists: byStatus,
  customer_key_not_found: byStatus,
  invalid_origin: byStatus,
  username_taken: byStatus,
  administration_unavailable: byStatus,
  idempotency_key_reused: byStatus,
  request_unanswered: byStatus,
  session_not_found: byStatus,
  password_reset_refused: byStatus,
  device_required: byStatus,
  device_exists: byStatus,
  too_many_devices: byStatus,
  invalid_certificate: byStatus,
  invalid_device_list: byStatus,
  stale_device_list: byStatus,
  invalid_prekey: byStatus,
  too_many_prekeys: byStatus,
  prekey_id_reused: byStatus,
  prekeys_differ: byStatus,
  no_prekeys: byStatus,
  key_log_behind: byStatus,
  key_log_shorter: byStatus,
  audit_log_altered: byStatus,
  audit_log_behind: byStatus,
  audit_log_inconsistent: byStatus,
  audit_checkpoint_invalid: byStatus,
  audit_action_unknown: byStatus,
  audit_entry_not_stored: byStatus,
  audit_sink_unavailable: byStatus,
  link_request_exists: byStatus,
  conversation_exists: byStatus,
  invalid_signature: byStatus,
  invalid_record: byStatus,
  staff_not_certified: byStatus,
  record_exists: byStatus,
  grant_not_found: byStatus,
  attachment_exists: byStatus,
  upload_expired: byStatus,
  stale_epoch: byStatus,
  key_expired: byStatus,
  device_mismatch: byStatus,
  invalid_policy: byStatus,
  policy_version_not_found: byStatus,
  policy_version_closed: byStatus,
  too_many_drafts: byStatus,
  unknown_right: byStatus,
  approval_not_found: byStatus,
  access_not_found: byStatus,
  access_not_needed: byStatus,
  access_not_running: byStatus,
  access_not_ended: byStatus,
  too_many_requests: byStatus,
  alert_not_found: byStatus,
  case_not_found: byStatus,
  case_moved: byStatus,
  case_not_pending: byStatus,
  request_not_found: byStatus,
  right_not_available: byStatus,
  invalid_receipt: byStatus,
  not_extendable: byStatus,
  ground_required: byStatus,
  invalid_request_rules: byStatus,
  hold_not_found: byStatus,
  hold_released: byStatus,
  invalid_hold: byStatus,
  reopened_erasure_not_found: byStatus,
  webhook_not_set: byStatus,
  invalid_webhook_url: byStatus,
  invalid_retention: byStatus,
  retention_locked: byStatus,
  retention_changed: byStatus,
  retention_version_to_come: byStatus,
  retention_version_not_found: byStatus,
  own_approval: byStatus,
  approval_required: byStatus,
  approval_not_needed: byStatus,
  approval_changed: byStatus,
  approval_expired: byStatus,
  approval_used: byStatus,
  other_version_to_come: byStatus,
};

/**
 * Returns the error for a refused request, with the RFC 9457 problem details if the server sent
 * them.
 */
export function errorOfResponse(response: HttpResponse, body: string): SealdeskError {
  const { status } = response;
  const { code: problem, detail } = problemOf(body);
  return new SealdeskError(codeFor(status, problem), detail ?? `The server answered ${status}.`, {
    status,
    problem,
    retryAfterMs: retryAfterMs(response),
  });
}

function codeFor(status: number, problem: string | undefined): SealdeskErrorCode {
  const known = isProblemCode(problem) ? codes[problem] : byStatus;
  return known ?? codeForStatus(status);
}

/** Returns whether this SDK knows the code. A newer server may send others. */
export const isProblemCode = (problem: string | undefined): problem is ProblemCode =>
  problem !== undefined && Object.hasOwn(codes, problem);

function codeForStatus(status: number): SealdeskErrorCode {
  // The request body did not arrive in time.
  if (status === 408) return "network";
  if (status === 429) return "rate_limited";
  if (status === 401) return "signed_out";
  if (status === 403) return "forbidden";
  return status >= 500 ? "server_error" : "request_refused";
}

/** A proxy may answer with a document of another form. */
const problemParts = z.partial(z.pick(problemDocument, { code: true, detail: true }));

function problemOf(body: string): z.output<typeof problemParts> {
  try {
    return z.safeParse(problemParts, JSON.parse(body)).data ?? {};
  } catch {
    return {};
  }
}

/** `Retry-After` in seconds (RFC 9110 section 10.2.3). A date is not supported. */
function retryAfterMs(response: HttpResponse): number | undefined {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}
