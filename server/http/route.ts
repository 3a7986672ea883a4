import type { IncomingMessage, ServerResponse } from "node:http";
import type { z } from "zod";
import type { Authenticated } from "../../keys/tokens/authenticate.ts";
import type { ProblemCode } from "./problems.ts";

type Schema = z.ZodType;
type Parameters = z.ZodObject;

/** What a route takes and gives: the program checks it, and the OpenAPI document tells it. */
export interface RouteSpec {
  readonly method: "get" | "post" | "put" | "delete" | "patch" | "head";
  /** OpenAPI form, with {name} for parameters; {name*} takes the rest of the path. */
  readonly path: string;
  readonly summary: string;
  readonly tag:
    "Sessions" | "Directory" | "Conversations" | "Attachments" | "Relay" | "Audit" | "Service";
  /**
   * "session": an access token and a device proof, checked before anything is read.
   * "renewal": the same, also with a token that has expired while its session has not.
   * "connection": the id of a relay connection, which the route looks up.
   * "connection-or-session": one of the two.
   */
  readonly access: "public" | "session" | "renewal" | "connection" | "connection-or-session";
  /** The actions that a success puts into the audit log, or why it puts none there. */
  readonly audits: readonly string[] | { readonly nothing: string };
  readonly params?: Parameters;
  readonly query?: Parameters;
  /** By their names in lower case; others are not looked at. */
  readonly headers?: Parameters;
  readonly body?: Schema;
  /** The media type of a body that the route reads by itself, as it comes. */
  readonly stream?: string;
  readonly answers: Readonly<Record<number, Answers>>;
  /** Codes beside those that every route of this access may answer. */
  readonly problems?: readonly ProblemCode[];
}

export interface Answers {
  readonly description: string;
  readonly schema?: Schema;
  /** True for an answer of bytes. */
  readonly bytes?: true;
  /** The media type of bytes that are of one. */
  readonly type?: string;
}

/** A request that was authenticated and parsed as its spec says. */
export interface Call<S extends RouteSpec> {
  /** Tells this request in the audit log, the server's log and the X-Request-Id header. */
  readonly requestId: string;
  readonly who: Who<S["access"]>;
  readonly params: Parsed<S["params"]>;
  readonly query: Parsed<S["query"]>;
  readonly headers: Parsed<S["headers"]>;
  readonly body: Parsed<S["body"]>;
  readonly request: RequestFacts;
}
type Who<A> = A extends "public" | "connection"
  ? undefined
  : A extends "connection-or-session"
    ? Authenticated | undefined
    : Authenticated;
type Parsed<T> = T extends Schema ? z.output<T> : undefined;

export interface RequestFacts {
  readonly method: string;
  /** Absolute, on the public URL. */
  readonly url: string;
  readonly proof: string | undefined;
  /** For limits only; never stored or logged. */
  readonly address: string;
}

/** `body` is written as the schema of its status says; none for a status without a schema. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

export interface Route {
  readonly spec: RouteSpec;
  readonly handle: (call: Call<RouteSpec>) => Promise<Answer>;
}

/** A route whose body or answer is no JSON: it reads the one and writes the other. */
export interface StreamRoute {
  readonly spec: RouteSpec;
  readonly serve: Serve<RouteSpec>;
}

type Serve<S extends RouteSpec> = (
  call: Call<S>,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void>;

export type AnyRoute = Route | StreamRoute;

/** Pairs a spec with the function that calls its one use case. */
export function route<const S extends RouteSpec>(
  spec: S,
  handle: (call: Call<S>) => Promise<Answer>,
): Route {
  return { spec, handle };
}

/** As `route`, for a function that reads the request's body, or writes the answer, by itself. */
export function streamRoute<const S extends RouteSpec>(spec: S, serve: Serve<S>): StreamRoute {
  return { spec, serve };
}
