import type { IncomingMessage } from "node:http";
import type { Express, Request, Response } from "express";
import { PURPOSE_HEADER, purposeOfUse } from "../../contract/purpose-of-use.ts";
import { RENEWAL_GRACE_MS } from "../../contract/sessions.ts";
import { runFor } from "../../db/fairness/requester.ts";
import { isStaff } from "../../policies/actor.ts";
import { FairShares, type Holder } from "../../policies/fair-shares.ts";
import type { ApiKeyHolder } from "../../identity/administration/authenticate-api-key.ts";
import type { OperatorKeyHolder } from "../../identity/operator-keys/authenticate-operator-key.ts";
import type { Authenticated, Authenticator } from "../../identity/tokens/authenticate.ts";
import * as z from "zod/mini";
import type { Sender } from "../held-bytes.ts";
import { API_KEY_CHALLENGE, OPERATOR_KEY_CHALLENGE, type ApiKeyAccess } from "./api-key-access.ts";
import { bodyOf, type Body, type BodyReaderDeps } from "./bodies/body-reader.ts";
import { parseJson } from "./bodies/parse-json.ts";
import { HttpError } from "./http-error.ts";
import { MONITOR_CHALLENGE, monitorTokenIn } from "./monitor-token.ts";
import { foreignOrigin } from "../page-origin.ts";
import type { LoopShares } from "../socket/loop-shares.ts";
import type { ActLimits, Requester } from "./act-limits.ts";
import { isLimited, type AnyRoute, type Call, type RequestFacts, type RouteSpec } from "./route.ts";
import { bodyLimits, requestLimits, shareLimits } from "../limits.ts";

/** The header or field that carries the id of a relay connection over HTTP. */
const CONNECTION_HEADER = "relay-connection";

export interface ServeDeps {
  readonly authenticator: Authenticator;
  readonly apiKeys: Pick<ApiKeyAccess, "holderOf" | "operatorOf">;
  readonly actLimits: Pick<ActLimits, "take">;
  readonly loopShares: Pick<LoopShares, "countRequest">;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly bodies: BodyReaderDeps;
  /** The network that a request comes from, as `networkOf` returns it. */
  readonly networkOf: (request: IncomingMessage) => string;
  /** The server's public URL. It is never taken from the Host header, which the client chooses. */
  readonly publicUrl: string;
}

/**
 * Serves each route in five steps: authenticate, parse the headers, read and parse the body, call
 * the use case, answer. A sender who is refused by the headers is answered before the body is read.
 * An audited request also counts against its account's limit.
 */
export function serveRoutes(app: Express, routes: readonly AnyRoute[], deps: ServeDeps): void {
  const inFlight = new FairShares(shareLimits.requests);
  for (const route of routes) {
    const { spec } = route;
    app[spec.method](expressPath(spec.path), async (request, response) => {
      const facts = {
        method: request.method,
        url: deps.publicUrl + request.originalUrl,
        proof: request.get("dpop"),
        origin: foreignOrigin(request.get("origin"), deps.publicUrl),
        network: deps.networkOf(request),
      };
      const requestId = requestIdOf(response);
      response.locals["challenge"] = challenges[spec.access];
      const known = await authenticate(spec, request, facts, deps, requestId);
      if (known !== undefined && isLimited(spec)) deps.actLimits.take(requesterOf(known));
      if (known !== undefined) deps.loopShares.countRequest(holderOf(known).tenant);
      const who = known && inRequest(known, requestId, purposeIn(request));
      const body = bodyOf(request, response, deps.bodies);
      body.assertFits(spec.bodyLimit ?? bodyLimits.none);
      const call = { requestId, who, request: facts, ...parseHead(spec, request) };
      const serve = async () => {
        if ("serve" in route) {
          if (spec.stream === undefined) await refuseBody(body, senderOf(known, facts));
          response.set("Cache-Control", "no-store");
          const given = { ...call, body: undefined };
          return route.serve(given as Call<RouteSpec>, request, response, body);
        }
        const parsed = await parseBody(spec, request, body, senderOf(known, facts));
        const answer = await route.handle({ ...call, body: parsed } as Call<RouteSpec>);
        send(response, spec, answer.status, answer.body);
      };
      await (known === undefined ? serve() : serveInShare(inFlight, holderOf(known), serve));
    });
  }
}

/**
 * Serves a request in its account's share of this node.
 * @throws HttpError rate_limited
 */
async function serveInShare(
  inFlight: FairShares,
  holder: Holder,
  serve: () => Promise<void>,
): Promise<void> {
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

/** The sender of a request: a device of an account, or a program with a key. */
type Known = Authenticated | ApiKeyHolder | OperatorKeyHolder;

const challenges: Partial<Record<RouteSpec["access"], string>> = {
  monitor: MONITOR_CHALLENGE,
  "api-key": API_KEY_CHALLENGE,
  "operator-key": OPERATOR_KEY_CHALLENGE,
};

const holderOf = (known: Known) =>
  "actor" in known
    ? { tenant: known.actor.tenant, account: known.actor.user }
    : { tenant: known.tenant, account: known.id };

const requesterOf = (known: Known): Requester => ({
  ...holderOf(known),
  rate: "actor" in known && !isStaff(known.actor.role) ? "customer" : "staff",
});

const inRequest = (known: Known, requestId: string, purpose: string | undefined): Known =>
  "actor" in known ? { ...known, actor: { ...known.actor, requestId, purpose } } : known;

/** Returns what the request says that it is for. */
const purposeIn = (request: IncomingMessage): string | undefined =>
  check(purposeOfUse, request.headers[PURPOSE_HEADER], `header.${PURPOSE_HEADER}`) as
    string | undefined;

function senderOf(known: Known | undefined, { network }: { network: string }): Sender {
  if (known === undefined) return { kind: "stranger", network };
  const { tenant, account } = holderOf(known);
  return { kind: "account", tenant, user: account };
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
  { access, isForEnrolment }: RouteSpec,
  request: Request,
  facts: Omit<RequestFacts, "address">,
  { authenticator, apiKeys, now }: ServeDeps,
  requestId: string,
): Promise<Known | undefined> {
  if (access === "public") return undefined;
  if (access === "api-key") return apiKeys.holderOf(request, facts, requestId);
  if (access === "operator-key") return apiKeys.operatorOf(request, facts, requestId);
  if (access === "monitor") {
    monitorTokenIn(request.get("authorization"));
    return undefined;
  }
  if (access.startsWith("connection") && request.get(CONNECTION_HEADER) !== undefined)
    return undefined;
  if (access === "connection")
    throw new HttpError(
      "missing_token",
      "Send the connection's id in the Relay-Connection header.",
    );
  const token = /^DPoP ([\w.~+/-]+=*)$/i.exec(request.get("authorization") ?? "")?.[1];
  const { method, url, proof, origin } = facts;
  if (
    token === undefined ||
    proof === undefined ||
    Math.max(token.length, proof.length) > requestLimits.tokenBytes
  )
    throw new HttpError(
      "missing_token",
      "Send the access token as Authorization: DPoP, and a proof in the DPoP header.",
    );
  const graceMs = access === "renewal" ? RENEWAL_GRACE_MS : 0;
  const nowMs = now();
  const asked = { token, proof, method, url, origin, nowMs, graceMs, isForEnrolment };
  return authenticator.identify(asked);
}

function parseHead(spec: RouteSpec, request: Request) {
  return {
    params: spec.params && check(spec.params, joined(request.params), "path"),
    query: spec.query && check(spec.query, request.query, "query"),
    headers: spec.headers && check(spec.headers, request.headers, "header"),
  };
}

async function parseBody(
  spec: RouteSpec,
  request: Request,
  body: Body,
  sender: Sender,
): Promise<unknown> {
  if (spec.body === undefined) return refuseBody(body, sender);
  const { bodyLimit = bodyLimits.none } = spec;
  const types = ["application/json", ...(spec.mediaType === undefined ? [] : [spec.mediaType])];
  if (request.is(types) === false || !isUtf8(request.get("content-type")))
    throw new HttpError("unsupported_media_type", "Send the body as application/json, in UTF-8.");
  return check(spec.body, parseJson(await body.whole(bodyLimit, sender)), "body");
}

const isUtf8 = (type = ""): boolean => !/;\s*charset=(?!"?utf-8"?\s*(;|$))/i.test(type);

/** @throws HttpError body_too_large, if there is a body */
const refuseBody = async (body: Body, sender: Sender): Promise<void> =>
  void (await body.whole(bodyLimits.none, sender));

/** Names the place of the error in the input, never the value that stood there. */
function check(schema: z.core.$ZodType, input: unknown, where: string): unknown {
  const parsed = z.safeParse(schema, input);
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
  else response.type(spec.mediaType ?? "application/json").json(z.encode(schema, body));
}
