import type { RequestListener } from "node:http";
import express, { type RequestHandler } from "express";
import helmet from "helmet";
import { traceRequests } from "../tracing/trace-requests.ts";
import type { Tracing } from "../tracing/tracing.ts";
import { allowOrigins } from "./cors.ts";
import { logRequests, type RequestLogDeps } from "./log-requests.ts";
import { describeRoutes } from "./openapi.ts";
import { docsPage } from "./pages/docs.ts";
import { landingPage, type SampleAccount } from "./pages/landing.ts";
import { passwordResetPage } from "./pages/password-reset.ts";
import { requestStatusPage } from "./pages/request-status.ts";
import { requestVerificationPage } from "./pages/request-verification.ts";
import type { AnyRoute } from "./route.ts";
import { nothingHere, sendProblem } from "./send-problem.ts";
import { serveRoutes, type ServeDeps } from "./serve-routes.ts";

export interface AppDeps extends ServeDeps, RequestLogDeps {
  readonly routes: readonly AnyRoute[];
  readonly isOriginOfAnyTenant: (origin: string) => Promise<boolean>;
  readonly version: string;
  readonly tracing?: Tracing | undefined;
  /** Sample accounts that the landing page names. Empty outside development. */
  readonly sampleAccounts: readonly SampleAccount[];
}

/** Creates the control plane: routes, their OpenAPI document, and pages for people. */
export function createApp(deps: AppDeps): RequestListener {
  const { routes, publicUrl, version } = deps;
  const app = express();
  app.set("etag", false);
  app.set("case sensitive routing", true);
  app.set("strict routing", true);
  // Turns nested query parameters off, because no route uses them.
  app.set("query parser", "simple");
  app.use(logRequests(deps));
  app.use(discardRest);
  if (deps.tracing !== undefined) app.use(traceRequests(deps.tracing));
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          scriptSrc: ["'self'"],
          styleSrc: ["'self'"],
          // Swagger UI's icons are data URLs.
          imgSrc: ["'self'", "data:"],
          connectSrc: ["'self'"],
          baseUri: ["'none'"],
          formAction: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
      strictTransportSecurity: publicUrl.startsWith("https:"),
      referrerPolicy: { policy: "no-referrer" },
    }),
  );
  app.use("/v1", allowOrigins(deps));
  serveRoutes(app, routes, deps);
  const document = describeRoutes(routes, publicUrl, version);
  app.get("/v1/openapi.json", (_request, response) => void response.json(document));
  app.use(docsPage());
  app.use(landingPage({ version, sampleAccounts: deps.sampleAccounts }));
  app.use(passwordResetPage());
  app.use(requestStatusPage());
  app.use(requestVerificationPage());
  app.use(nothingHere);
  app.use(sendProblem(deps.log));
  return app;
}

/**
 * The time for which the rest of a body is taken after the answer, so that the sender can read the
 * answer.
 */
const LINGER_MS = 2_000;

/**
 * Ends the connection of a request that was answered before its body was complete, unless the rest
 * arrives soon. The rest is thrown away.
 */
const discardRest: RequestHandler = (request, response, next) => {
  response.once("finish", () => {
    if (request.complete) return;
    const { socket } = request;
    const late = setTimeout(() => socket.destroy(), LINGER_MS);
    const stop = () => clearTimeout(late);
    request.once("end", stop);
    socket.once("close", stop);
  });
  next();
};
