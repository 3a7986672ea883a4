import type { AuditErrorCode } from "../../audit/audit-error.ts";
import type { ProblemAction } from "../../contract/problem-document.ts";
import { problemKinds, type ProblemCode } from "../../contract/problems.ts";
import type { IdentityErrorCode } from "../../identity/identity-error.ts";
import type { KeysErrorCode } from "../../keys/keys-error.ts";
import type { MessagingErrorCode } from "../../messaging/messaging-error.ts";
import type { ReportErrorCode } from "../../moderation/reports/report-error.ts";
import type { WorkflowErrorCode } from "../../workflows/workflow-error.ts";
import { HttpError, type HttpErrorCode } from "./http-error.ts";

/** Every code of an error that a request can end with. */
export type ErrorCode =
  | KeysErrorCode
  | IdentityErrorCode
  | MessagingErrorCode
  | ReportErrorCode
  | WorkflowErrorCode
  | HttpErrorCode
  | AuditErrorCode;
type InternalCode = Exclude<ErrorCode, ProblemCode>;

/**
 * Failures inside the server, and acts that no route offers. The client is sent the code on the
 * right. The log and the metrics have the error's own code.
 */
const internalFailures: Readonly<Record<InternalCode, "internal_error" | "not_ready">> = {
  keyring_damaged: "internal_error",
  keyring_unreachable: "internal_error",
  passphrase_required: "internal_error",
  wrong_passphrase: "internal_error",
  keyring_foreign: "internal_error",
  key_file_open: "internal_error",
  kms_unreachable: "not_ready",
  kms_sealed: "not_ready",
  kms_standby: "not_ready",
  kms_denied: "not_ready",
  kms_key_not_found: "internal_error",
  kms_key_destroyed: "internal_error",
  kms_refused: "internal_error",
  key_missing: "internal_error",
  seal_broken: "internal_error",
  // Acts of the operator's commands.
  invalid_monitor: "internal_error",
  invalid_api_key: "internal_error",
  log_not_found: "internal_error",
  head_not_found: "internal_error",
  entry_not_found: "internal_error",
  clocks_apart: "internal_error",
  erasure_interrupted: "not_ready",
  not_prunable: "internal_error",
  audit_log_unchecked: "internal_error",
  audit_guards_altered: "internal_error",
  audit_state_differs: "internal_error",
  // Certificates of staff are issued beside requests.
  authority_unreachable: "internal_error",
  authority_key_unknown: "internal_error",
  authority_key_used: "internal_error",
  handover_not_agreed: "internal_error",
  audit_checkpoint_missing: "not_ready",
  policy_unreadable: "not_ready",
};

/** An HTTP answer for an error (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
  readonly action?: ProblemAction;
  /** Codes of the reasons why the server is not ready. */
  readonly reasons?: readonly string[];
}

const isIn = <T extends object>(table: T, code: unknown): code is keyof T =>
  typeof code === "string" && Object.hasOwn(table, code);

const isInternal = (code: unknown): code is InternalCode => isIn(internalFailures, code);
const isProblemCode = (code: unknown): code is ProblemCode => isIn(problemKinds, code);

/** Returns the code of one of our errors; undefined for any other error. */
export function errorCodeOf(error: unknown): ErrorCode | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return isInternal(code) || isProblemCode(code) ? code : undefined;
}

/**
 * Converts an error to the problem that its client sees. An unknown error becomes `internal_error`.
 */
export function problemOf(error: unknown): Problem {
  const own = errorCodeOf(error) ?? "internal_error";
  const code = isInternal(own) ? internalFailures[own] : own;
  const { status, title, action }: (typeof problemKinds)[ProblemCode] = problemKinds[code];
  const { message } = (error ?? {}) as { readonly message?: unknown };
  const reasons = error instanceof HttpError ? error.reasons : undefined;
  // Messages of our own errors reveal nothing internal, except those of internal failures. They go
  // only to the log.
  const isTold = own === code && status !== 500 && typeof message === "string";
  return {
    type: `urn:sealdesk:problem:${code}`,
    title,
    status,
    code,
    detail: isTold ? message : `${title}.`,
    ...(action && { action }),
    ...(reasons && { reasons }),
  };
}
