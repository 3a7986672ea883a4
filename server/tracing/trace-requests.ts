import type { RequestHandler } from "express";
import { outcomeOf } from "../http/log-requests.ts";
import { requestIdOf } from "../http/serve-routes.ts";
import type { Tracing } from "./tracing.ts";

/**
 * Makes each request a trace of its own. A `traceparent` header is ignored, because a client must
 * not choose trace ids. Use it after `logRequests`, which assigns the request id.
 */
export function traceRequests(tracing: Tracing): RequestHandler {
  return (request, response, next) => {
    void tracing.root("HTTP request", {}, async (annotate) => {
      const closed = new Promise<void>((resolve) => response.once("close", resolve));
      next();
      await closed;
      const { method, route, status, code } = outcomeOf(request, response);
      annotate(
        {
          "http.request.method": method,
          "http.route": route,
          "http.response.status_code": status,
          "sealdesk.request_id": requestIdOf(response),
          ...(code !== undefined && { "error.type": code }),
        },
        `${method} ${route}`,
      );
    });
  };
}
