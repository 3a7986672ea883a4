import type { ErrorRequestHandler, RequestHandler, Response } from "express";
import type { ProblemCode } from "../../contract/problems.ts";
import { IdentityError } from "../../identity/identity-error.ts";
import { describeError, type Log } from "../log.ts";
import { ALLOW_ORIGIN } from "./cors.ts";
import { HttpError } from "./http-error.ts";
import { isPassingFailure } from "./passing-failure.ts";
import { errorCodeOf, problemOf } from "./problems.ts";
import { isScim, SCIM_TYPE, scimErrorOf } from "./scim-error.ts";
import { requestIdOf } from "./serve-routes.ts";

const RETRY_LATER_SECONDS = 5;

/**
 * Answers every error as application/problem+json (RFC 9457), and over SCIM as RFC 7644 section 3.12 says. Logs errors that are the server's
 * fault.
 */
export function sendProblem(log: Log): ErrorRequestHandler {
  // Express recognises an error handler by its four parameters.
  return (error: unknown, request, response, _next) => {
    const refusal = asHttpError(error);
    const problem = problemOf(refusal);
    const requestId = requestIdOf(response);
    response.locals["code"] = errorCodeOf(refusal) ?? problem.code;
    response.locals["reasons"] = reasonsOf(error);
    if (problem.status >= 500) log.error("request failed", { requestId, ...describeError(error) });
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // A page that may not use the server for this tenant reads no answer.
    if (problem.code === "origin_not_allowed") response.removeHeader(ALLOW_ORIGIN);
    if (problem.status === 401)
      response.set("WWW-Authenticate", challengeOf(response, problem.code));
    // RFC 9110 section 15.5.20 (421): the client repeats the request on another connection, which a
    // load balancer may take to another node. Section 15.5.9 (408): the rest of a late body is not
    // waited for.
    if (problem.status === 421 || problem.status === 408) response.set("Connection", "close");
    const retryAfter = error instanceof HttpError ? error.retryAfterSeconds : undefined;
    if (problem.action === "wait")
      response.set("Retry-After", String(retryAfter ?? RETRY_LATER_SECONDS));
    const [type, body] = isScim(request.path)
      ? [SCIM_TYPE, scimErrorOf(problem)]
      : ["application/problem+json", problem];
    response
      .status(problem.status)
      .set("Cache-Control", "no-store")
      .type(type)
      .send(JSON.stringify(body));
  };
}

/** Returns the reasons of a refusal, as codes for the log. The sender does not get them. */
const reasonsOf = (error: unknown): string | undefined =>
  error instanceof IdentityError && error.reasons.length > 0 ? error.reasons.join(", ") : undefined;

/** Returns what the route says of its tokens; by default, what RFC 9449 section 7.1 asks for. */
function challengeOf(response: Response, code: ProblemCode): string {
  const own = response.locals["challenge"] as string | undefined;
  const isProof = code === "invalid_proof" || code === "proof_reused";
  return own ?? `DPoP error="${isProof ? "invalid_dpop_proof" : "invalid_token"}", algs="EdDSA"`;
}

function asHttpError(error: unknown): unknown {
  if (isPassingFailure(error))
    return new HttpError("not_ready", "The server cannot do this now. Try again later.");
  // Express itself refuses a path with invalid percent-encoding.
  const isExpress = (error as { status?: unknown } | null)?.status === 400 && !hasKnownCode(error);
  return error instanceof URIError || isExpress
    ? new HttpError("invalid_request", "The request's path is not valid.")
    : error;
}

const hasKnownCode = (error: unknown): boolean => errorCodeOf(error) !== undefined;

export const nothingHere: RequestHandler = () => {
  throw new HttpError("not_found", "There is nothing at this path.");
};
