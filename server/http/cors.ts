import type { RequestHandler } from "express";
import { originNotAllowed } from "../../identity/accounts/origins.ts";
import { foreignOrigin } from "../page-origin.ts";

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
const requestHeaders = [
  "Accept",
  "Authorization",
  "Cache-Control",
  "Content-Type",
  "DPoP",
  "Last-Event-ID",
  "Purpose-Of-Use",
  "Range",
  "Relay-Batch",
  "Relay-Connection",
  "Tus-Resumable",
  "Upload-Length",
  "Upload-Metadata",
  "Upload-Offset",
];
/** Headers of answers that a page of another origin may read. */
const exposedHeaders = [
  "Accept-Ranges",
  "Content-Range",
  "Date",
  "Location",
  "Relay-Close",
  "Relay-Connection",
  "Relay-First",
  "Retry-After",
  "Tus-Resumable",
  "Upload-Expires",
  "Upload-Length",
  "Upload-Offset",
  "WWW-Authenticate",
  "X-Request-Id",
];
const PREFLIGHT_SECONDS = 600;

export const ALLOW_ORIGIN = "Access-Control-Allow-Origin";

/**
 * Answers requests of pages of another origin (CORS, Fetch section 3.3). A preflight does not say
 * whose tenant it is for. So here the origin must be one of any tenant; that it belongs to the
 * tenant of the session is checked with the session. Credentials of the browser, such as cookies,
 * are not allowed and not used. A request of an unknown origin is refused before it is read.
 */
export function allowOrigins(deps: {
  readonly publicUrl: string;
  readonly isOriginOfAnyTenant: (origin: string) => Promise<boolean>;
}): RequestHandler {
  return async (request, response, next) => {
    response.vary("Origin");
    const origin = foreignOrigin(request.get("origin"), deps.publicUrl);
    if (origin === undefined) return next();
    if (!(await deps.isOriginOfAnyTenant(origin))) throw originNotAllowed();
    response.set({
      [ALLOW_ORIGIN]: origin,
      "Access-Control-Expose-Headers": exposedHeaders.join(", "),
    });
    if (request.method !== "OPTIONS") return next();
    response.vary("Access-Control-Request-Method, Access-Control-Request-Headers");
    response.set({
      "Access-Control-Allow-Methods": methods.join(", "),
      "Access-Control-Allow-Headers": requestHeaders.join(", "),
      "Access-Control-Max-Age": String(PREFLIGHT_SECONDS),
    });
    response.status(204).end();
  };
}
