import type { Request, RequestHandler, Response } from "express";
import type { Log } from "../log.ts";

/**
 * The facts about a request that the log may contain. It names the route's pattern, not the
 * requested path.
 */
export interface Outcome {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  /** The code of the problem that the request was answered with. */
  readonly code: string | undefined;
}

export interface Answered extends Outcome {
  readonly durationMs: number;
}

export interface RequestLogDeps {
  readonly log: Log;
  readonly now: () => number;
  readonly newId: () => string;
  /** Called after each request. */
  readonly onAnswered?: ((request: Answered) => void) | undefined;
}

/** Gives each request an id and logs its outcome. Never logs a header, a body or an address. */
export function logRequests(deps: RequestLogDeps): RequestHandler {
  const { log, now, newId, onAnswered } = deps;
  return (request, response, next) => {
    const requestId = newId();
    const startedAtMs = now();
    response.locals["requestId"] = requestId;
    response.set("X-Request-Id", requestId);
    response.once("close", () => {
      const answered = { ...outcomeOf(request, response), durationMs: now() - startedAtMs };
      const reasons = response.locals["reasons"] as string | undefined;
      log.info("request", { requestId, ...answered, reasons });
      onAnswered?.(answered);
    });
    next();
  };
}

/** Returns the outcome of a request. */
export function outcomeOf(request: Request, response: Response): Outcome {
  const route = (request.route as { path?: unknown } | undefined)?.path;
  return {
    method: request.method,
    route: typeof route === "string" ? route : "-",
    status: response.statusCode,
    code: response.locals["code"] as string | undefined,
  };
}
