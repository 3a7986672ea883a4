/** A refusal that HTTP itself causes, before or beside any use case. */
export type HttpErrorCode =
  | "invalid_request" // the path, query or body does not have the documented form
  | "malformed_json"
  | "unsupported_media_type"
  | "body_too_large"
  | "body_too_late" // not whole in time
  | "headers_too_large"
  | "wrong_offset" // the bytes do not continue the upload
  | "unsupported_tus_version"
  | "not_found"
  | "missing_token" // no Authorization or no DPoP header
  | "connection_elsewhere" // the id of a relay connection that another node serves
  | "connection_gone" // the id of a relay connection that is over
  | "rate_limited"
  | "overloaded" // too many bytes of unfinished requests are in memory
  | "not_ready"
  | "audit_log_behind" // a backup of the database was restored, and nobody has declared it
  | "internal_error";

export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly code: HttpErrorCode;
  /** Seconds after which the client may try again. */
  readonly retryAfterSeconds: number | undefined;
  /** Additional codes, when one answer has several reasons. */
  readonly reasons: readonly string[] | undefined;
  constructor(
    code: HttpErrorCode,
    message: string,
    options: ErrorOptions & {
      readonly retryAfterSeconds?: number;
      readonly reasons?: readonly string[];
    } = {},
  ) {
    super(message, options);
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.reasons = options.reasons;
  }
}
