import type { ErrorRequestHandler, RequestHandler } from "express";
import { describeError, type Log } from "../log.ts";
import { HttpError } from "./http-error.ts";
import { problemOf } from "./problems.ts";
import { requestIdOf } from "./serve-routes.ts";

const RETRY_LATER_SECONDS = 5;

/** Answers every error as application/problem+json, RFC 9457, and logs those that are the server's. */
export function sendProblem(log: Log): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (error: unknown, _request, response, _next) => {
    const problem = problemOf(asHttpError(error));
    const requestId = requestIdOf(response);
    response.locals["code"] = problem.code;
    if (problem.status >= 500) log.error("request failed", { requestId, ...describeError(error) });
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // RFC 9449 section 7.1.
    if (problem.status === 401)
      response.set("WWW-Authenticate", `DPoP error="${oauthError(problem.code)}", algs="EdDSA"`);
    // RFC 9110 section 15.5.20: over another connection, which a balancer takes elsewhere. And 15.5.9:
    // what is left of a body that came too late is not waited for.
    if (problem.status === 421 || problem.status === 408) response.set("Connection", "close");
    const retryAfter = error instanceof HttpError ? error.retryAfterSeconds : undefined;
    if (problem.action === "wait")
      response.set("Retry-After", String(retryAfter ?? RETRY_LATER_SECONDS));
    response
      .status(problem.status)
      .set("Cache-Control", "no-store")
      .type("application/problem+json")
      .send(JSON.stringify(problem));
  };
}

const oauthError = (code: string): string =>
  code === "invalid_proof" || code === "proof_reused" ? "invalid_dpop_proof" : "invalid_token";

// Express itself refuses a path that is not percent-encoded text.
const asHttpError = (error: unknown): unknown =>
  error instanceof URIError ||
  ((error as { status?: unknown } | null)?.status === 400 && !hasKnownCode(error))
    ? new HttpError("invalid_request", "The request's path is not valid.")
    : error;

const hasKnownCode = (error: unknown): boolean => problemOf(error).code !== "internal_error";

export const nothingHere: RequestHandler = () => {
  throw new HttpError("not_found", "There is nothing at this path.");
};
