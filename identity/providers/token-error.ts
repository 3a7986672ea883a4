import { ResponseBodyError, WWWAuthenticateChallengeError } from "openid-client";

/** How a token endpoint refused a request (RFC 6749 section 5.2). */
export type TokenError =
  | "client_refused" // it does not accept the client id or the client secret
  | "code_refused" // it does not know the code
  | "other";

/** Returns how the token endpoint refused, or undefined if it failed or was not reached. */
export function tokenErrorOf(error: unknown): TokenError | undefined {
  // With this challenge it refuses the client's Basic credentials.
  if (error instanceof WWWAuthenticateChallengeError) return "client_refused";
  if (!(error instanceof ResponseBodyError) || error.status >= 500) return undefined;
  switch (error.error) {
    case "invalid_client":
    case "unauthorized_client":
      return "client_refused";
    case "invalid_grant":
      return "code_refused";
    default:
      return "other";
  }
}
