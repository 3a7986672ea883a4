import type { RequestHandler } from "express";
import type { Log } from "../log.ts";

/**
 * Gives each request an id and logs its outcome: the route's pattern, not the path that was asked
 * for; never a header, a body or an address.
 */
export function logRequests(deps: {
  readonly log: Log;
  readonly now: () => number;
  readonly newId: () => string;
}): RequestHandler {
  const { log, now, newId } = deps;
  return (request, response, next) => {
    const requestId = newId();
    const startedAtMs = now();
    response.locals["requestId"] = requestId;
    response.set("X-Request-Id", requestId);
    response.once("close", () => {
      const route = (request.route as { path?: unknown } | undefined)?.path;
      log.info("request", {
        requestId,
        method: request.method,
        route: typeof route === "string" ? route : "-",
        status: response.statusCode,
        code: response.locals["code"] as string | undefined,
        durationMs: now() - startedAtMs,
      });
    });
    next();
  };
}
