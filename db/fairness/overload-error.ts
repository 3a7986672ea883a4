/** An account or a tenant waits for too much, or has waited for too long. Others are served. */
export class OverloadError extends Error {
  override readonly name = "OverloadError";
  readonly code = "overloaded";
}
