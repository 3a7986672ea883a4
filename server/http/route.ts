import type { IncomingMessage, ServerResponse } from "node:http";
import type * as z from "zod/mini";
import type { AuditAction } from "../../audit/actions.ts";
import type { ProblemCode } from "../../contract/problems.ts";
import type { ApiKeyHolder } from "../../identity/administration/authenticate-api-key.ts";
import type { OperatorKeyHolder } from "../../identity/operator-keys/authenticate-operator-key.ts";
import type { Authenticated } from "../../identity/tokens/authenticate.ts";
import type { BodyLimit } from "../limits.ts";
import type { Body } from "./bodies/body-reader.ts";

type Schema = z.core.$ZodType;
type Parameters = z.ZodMiniObject;

/**
 * The input and output of a route. The server validates them, and the OpenAPI document shows them.
 */
export interface RouteSpec {
  readonly method: "get" | "post" | "put" | "delete" | "patch" | "head";
  /** The path in OpenAPI form. {name} is a parameter; {name*} takes the rest of the path. */
  readonly path: string;
  readonly summary: string;
  readonly tag:
    | "Sessions"
    | "Directory"
    | "Conversations"
    | "Attachments"
    | "Relay"
    | "Audit"
    | "Administration"
    | "Operator"
    | "Provisioning"
    | "Alerts"
    | "Approvals"
    | "Breaches"
    | "Compliance"
    | "Holds"
    | "Reports"
    | "Restrictions"
    | "Retention"
    | "Requests"
    | "Consents"
    | "Erasures"
    | "Policy"
    | "Service";
  /**
   * The credentials that the route requires.
   * - "session": needs an access token and a device proof, which are checked before anything is
   * read.
   * - "renewal": the same, but also accepts an expired token of a session that is still open.
   * - "connection": needs the id of a relay connection, which the route looks up.
   * - "connection-or-session": needs one of the two.
   * - "monitor": needs the token of a monitor, which the route looks up.
   * - "api-key": needs an API key of the tenant that the path names.
   * - "operator-key": needs a key of the operator.
   */
  readonly access:
    | "public"
    | "session"
    | "renewal"
    | "connection"
    | "connection-or-session"
    | "monitor"
    | "api-key"
    | "operator-key";
  /** The audit actions that a success records, or one of a list of them, or why it records none. */
  readonly audits: readonly (AuditAction | readonly AuditAction[])[] | { readonly nothing: string };
  /**
   * True if the limit of audited requests per account does not apply, because something else bounds
   * the entries: they are summed, or there is one for many requests.
   */
  readonly isUnlimited?: true;
  /** True if the route also serves an account that must have a second factor and has none yet. */
  readonly isForEnrolment?: true;
  readonly params?: Parameters;
  readonly query?: Parameters;
  /** Request headers by lower-case name. The route sees no others. */
  readonly headers?: Parameters;
  readonly body?: Schema;
  /** The media type of the answers, and of bodies beside JSON. JSON by default. */
  readonly mediaType?: string;
  /** The media type of a body that the route reads itself, as a stream. */
  readonly stream?: string;
  /** The limit of the body. If undefined, the route takes no body. */
  readonly bodyLimit?: BodyLimit;
  readonly answers: Readonly<Record<number, Answers>>;
  /** Problem codes in addition to those of every route with this access. */
  readonly problems?: readonly ProblemCode[];
}

export interface Answers {
  readonly description: string;
  readonly schema?: Schema;
  /** True when the answer is bytes. */
  readonly bytes?: true;
  /** The media type of an answer of bytes, when it has a fixed one. */
  readonly type?: string;
}

/** A request that was authenticated and parsed by its spec. */
export interface Call<S extends RouteSpec> {
  /** Identifies this request in the audit log, the server's log and the X-Request-Id header. */
  readonly requestId: string;
  readonly who: Who<S["access"]>;
  readonly params: Parsed<S["params"]>;
  readonly query: Parsed<S["query"]>;
  readonly headers: Parsed<S["headers"]>;
  readonly body: Parsed<S["body"]>;
  readonly request: RequestFacts;
}
type Who<A> = A extends "public" | "connection" | "monitor"
  ? undefined
  : A extends "connection-or-session"
    ? Authenticated | undefined
    : A extends "api-key"
      ? ApiKeyHolder
      : A extends "operator-key"
        ? OperatorKeyHolder
        : Authenticated;
type Parsed<T> = T extends Schema ? z.output<T> : undefined;

export interface RequestFacts {
  readonly method: string;
  /** The absolute URL, based on the public URL. */
  readonly url: string;
  readonly proof: string | undefined;
  /** The origin of the web page that sends the request, if it is not the server's own. */
  readonly origin: string | undefined;
  /**
   * The sender's network, as `networkOf` returns it. Used only for limits. It is never stored or
   * logged.
   */
  readonly network: string;
}

/**
 * The answer. `body` is written by the schema of its status; a status without a schema has no body.
 */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

export interface Route {
  readonly spec: RouteSpec;
  readonly handle: (call: Call<RouteSpec>) => Promise<Answer>;
}

/** A route whose body or answer is not JSON. It reads the body or writes the answer itself. */
export interface StreamRoute {
  readonly spec: RouteSpec;
  readonly serve: Serve<RouteSpec>;
}

type Serve<S extends RouteSpec> = (
  call: Call<S>,
  request: IncomingMessage,
  response: ServerResponse,
  body: Body,
) => Promise<void>;

export type AnyRoute = Route | StreamRoute;

/** Returns whether calls of the route count against the limit of audited requests per account. */
export const isLimited = ({ access, audits, isUnlimited }: RouteSpec): boolean =>
  access !== "public" && Array.isArray(audits) && isUnlimited !== true;

/** Combines a spec with the function that calls its use case. */
export function route<const S extends RouteSpec>(
  spec: S,
  handle: (call: Call<S>) => Promise<Answer>,
): Route {
  return { spec, handle };
}

/** Like `route`, for a function that reads the body or writes the answer itself. */
export function streamRoute<const S extends RouteSpec>(spec: S, serve: Serve<S>): StreamRoute {
  return { spec, serve };
}
