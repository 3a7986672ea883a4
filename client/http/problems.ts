import { SealdeskError, type SealdeskErrorCode } from "../errors.ts";
import type { HttpResponse } from "../runtime.ts";

/** Server codes for which this SDK has a code of its own. */
const codes: Readonly<Record<string, SealdeskErrorCode>> = {
  sign_in_failed: "sign_in_failed",
  session_revoked: "signed_out",
  invalid_token: "signed_out",
  token_expired: "signed_out",
  device_revoked: "device_revoked",
  tenant_suspended: "tenant_suspended",
  account_key_mismatch: "account_has_other_devices",
  account_key_retired: "device_revoked",
  device_not_found: "device_not_found",
  link_not_needed: "link_not_needed",
  link_request_not_found: "link_not_found",
  link_request_expired: "link_expired",
  link_request_closed: "link_closed",
  rate_limited: "rate_limited",
  overloaded: "server_error",
  not_ready: "server_error",
  unavailable: "server_error",
  contended: "server_error",
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
  no_device: "no_device",
  attachment_not_found: "attachment_not_found",
  attachment_damaged: "attachment_damaged",
  attachment_too_large: "attachment_too_large",
  quota_exceeded: "quota_exceeded",
  subject_erased: "subject_erased",
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
  const known = problem === undefined ? undefined : codes[problem];
  if (known !== undefined) return known;
  // The request body did not arrive in time.
  if (status === 408) return "network";
  if (status === 429) return "rate_limited";
  if (status === 401) return "signed_out";
  if (status === 403) return "forbidden";
  return status >= 500 ? "server_error" : "request_refused";
}

function problemOf(body: string): { readonly code?: string; readonly detail?: string } {
  try {
    const problem = JSON.parse(body) as {
      readonly code?: unknown;
      readonly detail?: unknown;
    } | null;
    return {
      ...(typeof problem?.code === "string" ? { code: problem.code } : {}),
      ...(typeof problem?.detail === "string" ? { detail: problem.detail } : {}),
    };
  } catch {
    return {};
  }
}

/** `Retry-After` in seconds (RFC 9110 section 10.2.3). A date is not supported. */
function retryAfterMs(response: HttpResponse): number | undefined {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}
