import type { IncomingMessage } from "node:http";
import { runFor } from "../../db/fairness/requester.ts";
import { FairShares, type ShareLimits } from "../../policies/fair-shares.ts";
import express, { type Express, type Request, type Response } from "express";
import type { Authenticated, Authenticator } from "../../keys/tokens/authenticate.ts";
import { SESSION_LIFETIME_MS } from "../../keys/tokens/open-session.ts";
import { z } from "zod";
import { HttpError } from "./http-error.ts";
import type { AnyRoute, Call, RouteSpec } from "./route.ts";

/** The header or field that carries the id of a relay connection over HTTP. */
const CONNECTION_HEADER = "relay-connection";

const MAX_BODY_BYTES = 1024 * 1024;
const MAX_HEADER_TOKEN = 8 * 1024;
const readJsonBody = express.json({ limit: MAX_BODY_BYTES, strict: true });

export interface ServeDeps {
  readonly authenticator: Authenticator;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** A JSON body must arrive within this many milliseconds, or the request is refused. */
  readonly bodyMs: number;
  /** The client's address, behind any proxy of ours. */
  readonly addressOf: (request: IncomingMessage) => string;
  /** Never taken from the Host header, which the client chooses. */
  readonly publicUrl: string;
}

/** Requests of signed-in accounts that are served at the same time. */
const IN_FLIGHT: ShareLimits = { node: 10_000, tenant: 2_500, account: 100 };

/** Serves each route in four steps: authenticate, parse, call the use case, answer. */
export function serveRoutes(app: Express, routes: readonly AnyRoute[], deps: ServeDeps): void {
  const inFlight = new FairShares(IN_FLIGHT);
  for (const route of routes) {
    const { spec } = route;
    app[spec.method](expressPath(spec.path), async (request, response) => {
      const facts = {
        method: request.method,
        url: deps.publicUrl + request.originalUrl,
        proof: request.get("dpop"),
        address: deps.addressOf(request),
      };
      const requestId = requestIdOf(response);
      const known = await authenticate(spec.access, request, facts, deps);
      const who = known && { ...known, actor: { ...known.actor, requestId } };
      const serve = async () => {
        const parsed = await parse(spec, request, response, deps.bodyMs);
        const call = { requestId, who, request: facts, ...parsed };
        if ("serve" in route) {
          response.set("Cache-Control", "no-store");
          return route.serve(call as Call<RouteSpec>, request, response);
        }
        const answer = await route.handle(call as Call<RouteSpec>);
        send(response, spec, answer.status, answer.body);
      };
      await (who === undefined ? serve() : serveInShare(inFlight, who, serve));
    });
  }
}

/**
 * Serves a request in its account's share of this node.
 * @throws HttpError rate_limited
 */
async function serveInShare(
  inFlight: FairShares,
  { actor: { tenant, user } }: Authenticated,
  serve: () => Promise<void>,
): Promise<void> {
  const holder = { tenant, account: user };
  if (inFlight.take(holder) !== undefined)
    throw new HttpError(
      "rate_limited",
      "Your account or your organisation has too many requests in flight. Wait for their answers.",
      { retryAfterSeconds: 1 },
    );
  try {
    await runFor(holder, serve);
  } finally {
    inFlight.release(holder);
  }
}

const expressPath = (path: string): string =>
  path.replaceAll(/\{(\w+)\}/g, ":$1").replaceAll(/\{(\w+)\*\}/g, "*$1");

/** Express splits the rest of a path into its segments. */
const joined = (params: Request["params"]): Record<string, string> =>
  Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, [value].flat().join("/")]),
  );

export const requestIdOf = (response: Response): string => String(response.locals["requestId"]);

async function authenticate(
  access: RouteSpec["access"],
  request: Request,
  facts: { readonly method: string; readonly url: string; readonly proof: string | undefined },
  { authenticator, now }: ServeDeps,
): Promise<Authenticated | undefined> {
  if (access === "public") return undefined;
  if (access.startsWith("connection") && request.get(CONNECTION_HEADER) !== undefined)
    return undefined;
  if (access === "connection")
    throw new HttpError(
      "missing_token",
      "Send the connection's id in the Relay-Connection header.",
    );
  const token = /^DPoP ([\w.~+/-]+=*)$/i.exec(request.get("authorization") ?? "")?.[1];
  const { method, url, proof } = facts;
  if (
    token === undefined ||
    proof === undefined ||
    Math.max(token.length, proof.length) > MAX_HEADER_TOKEN
  )
    throw new HttpError(
      "missing_token",
      "Send the access token as Authorization: DPoP, and a proof in the DPoP header.",
    );
  const graceMs = access === "renewal" ? SESSION_LIFETIME_MS : 0;
  return authenticator.identify({ token, proof, method, url, now: now(), graceMs });
}

async function parse(spec: RouteSpec, request: Request, response: Response, bodyMs: number) {
  return {
    params: spec.params && check(spec.params, joined(request.params), "path"),
    query: spec.query && check(spec.query, request.query, "query"),
    headers: spec.headers && check(spec.headers, request.headers, "header"),
    body: spec.body && check(spec.body, await readBody(request, response, bodyMs), "body"),
  };
}

/**
 * The sender was authenticated before the body. The deadline keeps a slow body from prolonging
 * that.
 */
async function readBody(request: Request, response: Response, bodyMs: number): Promise<unknown> {
  if (request.is("application/json") === false)
    throw new HttpError("unsupported_media_type", "Send the body as application/json.");
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(
      () => reject(new HttpError("body_too_late", "The body did not come whole in time.")),
      bodyMs,
    );
    readJsonBody(request, response, (error?: unknown) => {
      clearTimeout(late);
      if (error === undefined) resolve();
      else reject(bodyError(error));
    });
  });
  return request.body as unknown;
}

function bodyError(cause: unknown): unknown {
  const { type } = cause as { type?: unknown };
  if (type === "entity.too.large")
    return new HttpError("body_too_large", `A body has at most ${MAX_BODY_BYTES} bytes.`);
  // The cause is left out because it quotes the body.
  return new HttpError("malformed_json", "The body cannot be read as JSON.");
}

/** Names the place of the error in the input, never the value that stood there. */
function check(schema: z.ZodType, input: unknown, where: string): unknown {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = [where, ...(issue?.path ?? [])].map(String).join(".");
  const unknown =
    issue?.code === "unrecognized_keys" ? ": it has a property that is not known" : "";
  throw new HttpError("invalid_request", `The request is not valid at ${path}${unknown}.`);
}

function send(response: Response, spec: RouteSpec, status: number, body: unknown): void {
  const schema = spec.answers[status]?.schema;
  response.status(status).set("Cache-Control", "no-store");
  if (schema === undefined) response.end();
  else response.json(z.encode(schema, body));
}
