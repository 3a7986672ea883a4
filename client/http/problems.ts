import * as z from "zod/mini";
import { problemDocument } from "../../contract/problem-document.ts";
import type { ProblemCode } from "../../contract/problems.ts";
import { SealdeskError, type SealdeskErrorCode } from "../errors.ts";
import type { HttpResponse } from "../runtime.ts";

type CodesOf<Code extends ProblemCode> = Code;
/**
 * Codes of which the status decides what an application is told: see `codeForStatus`. They are a type only, because
 * every page that uses the SDK loads what `codes` has.
 */
type ByStatus = CodesOf<
  | "processing_restricted"
  | "sanctioned"
  | "report_not_found"
  | "report_not_authentic"
  | "report_exists"
  | "report_decided"
  | "appeal_not_possible"
  | "appeal_not_found"
  | "invalid_report"
  | "too_many_reports"
  | "invalid_notice"
  | "invalid_logout_token"
  | "invalid_identity_provider"
  | "identity_provider_not_found"
  | "too_many_identity_providers"
  | "team_follows_directory"
  | "account_disabled"
  | "too_many_teams"
  | "provisioning_not_enabled"
  | "invalid_scim_filter"
  | "invalid_scim_path"
  | "invalid_scim_value"
  | "immutable_scim_attribute"
  | "group_not_found"
  | "invalid_request"
  | "malformed_json"
  | "unsupported_media_type"
  | "body_too_large"
  | "body_too_late"
  | "headers_too_large"
  | "wrong_offset"
  | "unsupported_tus_version"
  | "not_found"
  | "missing_token"
  | "connection_elsewhere"
  | "connection_gone"
  | "internal_error"
  | "origin_not_allowed"
  | "tenant_exists"
  | "tenant_not_found"
  | "invalid_customer_keys"
  | "invalid_jwks_url"
  | "jwks_unavailable"
  | "customer_key_exists"
  | "customer_key_not_found"
  | "invalid_origin"
  | "username_taken"
  | "administration_unavailable"
  | "idempotency_key_reused"
  | "request_unanswered"
  | "session_not_found"
  | "password_reset_refused"
  | "device_required"
  | "device_exists"
  | "too_many_devices"
  | "invalid_certificate"
  | "invalid_device_list"
  | "stale_device_list"
  | "invalid_prekey"
  | "too_many_prekeys"
  | "prekey_id_reused"
  | "prekeys_differ"
  | "no_prekeys"
  | "key_log_behind"
  | "key_log_shorter"
  | "audit_log_altered"
  | "audit_log_behind"
  | "audit_log_inconsistent"
  | "audit_checkpoint_invalid"
  | "audit_action_unknown"
  | "audit_entry_not_stored"
  | "audit_sink_unavailable"
  | "link_request_exists"
  | "conversation_exists"
  | "invalid_signature"
  | "invalid_record"
  | "staff_not_certified"
  | "record_exists"
  | "grant_not_found"
  | "attachment_exists"
  | "upload_expired"
  | "stale_epoch"
  | "key_expired"
  | "device_mismatch"
  | "invalid_policy"
  | "policy_version_not_found"
  | "policy_version_closed"
  | "too_many_drafts"
  | "unknown_right"
  | "approval_not_found"
  | "access_not_found"
  | "access_not_needed"
  | "access_not_running"
  | "access_not_ended"
  | "too_many_requests"
  | "alert_not_found"
  | "case_not_found"
  | "case_moved"
  | "case_not_pending"
  | "export_not_ready"
  | "export_changed"
  | "request_not_found"
  | "right_not_available"
  | "invalid_receipt"
  | "too_many_receipts"
  | "subject_not_found"
  | "erasure_running"
  | "last_administrator"
  | "restriction_not_found"
  | "nothing_to_restrict"
  | "invalid_restriction"
  | "certificate_not_found"
  | "invalid_consumer"
  | "consumer_not_found"
  | "too_many_consumers"
  | "subject_unknown"
  | "email_request_not_found"
  | "not_extendable"
  | "ground_required"
  | "invalid_request_rules"
  | "invalid_breach"
  | "breach_not_finished"
  | "notice_not_due"
  | "hold_not_found"
  | "hold_released"
  | "invalid_hold"
  | "match_not_found"
  | "reopened_erasure_not_found"
  | "webhook_not_set"
  | "invalid_webhook_url"
  | "invalid_retention"
  | "retention_locked"
  | "retention_changed"
  | "retention_version_to_come"
  | "retention_version_not_found"
  | "own_approval"
  | "approval_required"
  | "approval_not_needed"
  | "approval_changed"
  | "approval_expired"
  | "approval_used"
  | "other_version_to_come"
>;

/** Codes of the server that an application is told as they are. */
const unchanged = [
  "sign_in_failed",
  "session_idle",
  "customer_exists",
  "customer_known",
  "device_revoked",
  "tenant_suspended",
  "device_not_found",
  "link_not_needed",
  "weak_password",
  "password_too_common",
  "wrong_password",
  "second_factor_required",
  "second_factor_failed",
  "second_factor_locked",
  "second_factor_exists",
  "second_factor_missing",
  "passkey_refused",
  "passkey_exists",
  "passkey_not_found",
  "too_many_passkeys",
  "passkeys_unavailable",
  "second_factor_enrolment_required",
  "step_up_required",
  "purpose_required",
  "rate_limited",
  "forbidden",
  "consent_required",
  "conversation_not_found",
  "conversation_closed",
  "too_many_conversations",
  "too_many_members",
  "member_not_found",
  "already_a_member",
  "not_a_member",
  "no_device",
  "attachment_not_found",
  "attachment_damaged",
  "attachment_too_large",
  "quota_exceeded",
  "subject_erased",
  "key_log_not_witnessed",
  "notice_not_found",
  "notice_superseded",
  "consent_not_found",
  "message_too_large",
  "stale_message_id",
] as const satisfies readonly (ProblemCode & SealdeskErrorCode)[];

/**
 * The meaning of each other code of the server to an application. A new code is listed here, in `unchanged` or in
 * `ByStatus` deliberately.
 */
export type ErrorCodes = Readonly<
  Record<Exclude<ProblemCode, ByStatus | (typeof unchanged)[number]>, SealdeskErrorCode>
>;
const codes: ErrorCodes = {
  identity_provider_unavailable: "server_error",
  role_not_assigned: "forbidden",
  account_not_linked: "forbidden",
  session_revoked: "signed_out",
  invalid_token: "signed_out",
  token_expired: "signed_out",
  account_key_mismatch: "account_has_other_devices",
  account_key_retired: "device_revoked",
  device_not_approved: "account_has_other_devices",
  link_request_not_found: "link_not_found",
  link_request_expired: "link_expired",
  link_request_closed: "link_closed",
  overloaded: "server_error",
  not_ready: "server_error",
  unavailable: "server_error",
  contended: "server_error",
  policy_changed: "server_error",
  stale_record: "server_error",
  stale_consents: "server_error",
  countersignature_pending: "server_error",
  invalid_proof: "request_refused",
  proof_reused: "request_refused",
  user_not_found: "member_not_found",
  key_destroyed: "subject_erased",
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
  const same = unchanged.find((code) => code === problem);
  return same ?? (hasMeaning(problem) ? codes[problem] : codeForStatus(status));
}

/** A newer server may send other codes, and names that every object has. */
const hasMeaning = (problem: string | undefined): problem is keyof ErrorCodes =>
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
