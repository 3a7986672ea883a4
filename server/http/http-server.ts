import { createServer, type RequestListener, type Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Closers } from "../closers.ts";
import type { Config } from "../config.ts";
import { ConnectionLimit, type ConnectionLimits } from "../connection-limit.ts";
import { requestLimits } from "../limits.ts";
import { networkUnlessProxy } from "../network.ts";
import { holdBody } from "./bodies/expectation.ts";
import { HttpError } from "./http-error.ts";
import { closeHttp, listen } from "./listen.ts";
import { rawProblem } from "./raw-problem.ts";

export interface HttpServerOptions {
  /** The time for a request's headers, in milliseconds. */
  readonly headersMs: number;
  /** The time that an idle connection is kept, in milliseconds. */
  readonly keepAliveMs: number;
  /** Connections that have not become a WebSocket. */
  readonly connections: ConnectionLimits;
  /** The network of a connection's other end, or undefined if that is a trusted proxy. */
  readonly networkOf: (socket: Socket) => string | undefined;
}

/** How often Node looks for requests that are late. */
const LOOK_EVERY_MS = 2_000;

/** Gives back a connection's place, which it has until it closes or becomes a WebSocket. */
const places = new WeakMap<Duplex, () => void>();

/**
 * Call this when a connection has become a WebSocket, which is limited otherwise. It keeps nothing of its place, which a
 * long-lived connection would hold in memory.
 */
export function leaveHttp(stream: Duplex): void {
  const leave = places.get(stream);
  if (leave === undefined) return;
  places.delete(stream);
  stream.off("close", leave);
  leave();
}

/**
 * Creates an HTTP server whose connections cost a limited amount of memory, for any input from
 * strangers. A request that cannot be parsed is answered with a problem.
 * @param handler returns what answers requests now
 */
export function createHttpServer(
  { headersMs, keepAliveMs, connections, networkOf }: HttpServerOptions,
  handler: () => RequestListener,
): Server {
  const options = {
    headersTimeout: headersMs,
    keepAliveTimeout: keepAliveMs,
    requestTimeout: Math.max(requestLimits.longestMs, headersMs),
    connectionsCheckingInterval: Math.min(LOOK_EVERY_MS, headersMs),
    maxHeaderSize: requestLimits.headerBytes,
  };
  /** Requests that are not answered yet. */
  const unanswered = new WeakMap<Duplex, number>();
  const server = createServer(options, (request, response) => {
    const { socket } = request;
    const count = (unanswered.get(socket) ?? 0) + 1;
    if (count > requestLimits.unanswered) return void socket.destroy();
    unanswered.set(socket, count);
    response.once("close", () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1));
    handler()(request, response);
  });
  server.on("checkContinue", (request, response) => {
    holdBody(request, response);
    server.emit("request", request, response);
  });
  // Ignores an unknown expectation. RFC 9110 section 10.1.1 does not require a server to meet it.
  server.on("checkExpectation", (...exchange) => server.emit("request", ...exchange));
  const limit = new ConnectionLimit(connections);
  server.prependListener("connection", (socket: Socket) => {
    // A connection whose upgrade was ignored begins a second time.
    if (places.has(socket)) return;
    const leave = limit.enter(networkOf(socket), () => socket.destroy());
    places.set(socket, leave ?? (() => undefined));
    if (leave === undefined) endWith(socket, new HttpError("overloaded", "Too many connections."));
    else socket.once("close", leave);
  });
  server.on("clientError", (error: NodeJS.ErrnoException, stream) => {
    // A refusal must not come in the middle of an answer.
    if ((unanswered.get(stream) ?? 0) > 0) stream.destroy();
    else endWith(stream, errorOfCode(error.code));
  });
  return server;
}

/** Returns the error for bytes that Node could not parse as a request. */
function errorOfCode(code: string | undefined): HttpError {
  if (code === "HPE_HEADER_OVERFLOW")
    return new HttpError(
      "headers_too_large",
      `Headers have at most ${requestLimits.headerBytes} bytes.`,
    );
  if (code === "ERR_HTTP_REQUEST_TIMEOUT")
    return new HttpError("body_too_late", "The request did not come whole in time.");
  return new HttpError("invalid_request", "The request is not valid HTTP.");
}

function endWith(stream: Duplex, error: HttpError): void {
  if (!stream.writable) return void stream.destroy();
  stream.on("error", () => undefined);
  stream.end(rawProblem(error), () => stream.destroy());
}

/** The port that the server listens on. */
export interface HttpPort {
  readonly http: Server;
  /** Its URL, without a slash at its end. */
  readonly address: string;
  /** Answers requests with `handler`. Until you call this, every request is answered with 503. */
  readonly serve: (handler: RequestListener) => void;
}

/**
 * Listens before there is an app, because the app's public URL may depend on the port.
 * @param requestMs the longest time for a request's headers
 * @throws ConfigError when the server cannot listen on the address
 */
export async function openHttpPort(
  config: Pick<Config, "host" | "port" | "httpConnections" | "trustedProxies">,
  requestMs: number,
  closers: Closers,
): Promise<HttpPort> {
  let handler: RequestListener = (_request, response) => void response.writeHead(503).end();
  const options = {
    headersMs: Math.min(requestMs, requestLimits.headersMs),
    keepAliveMs: requestLimits.idleMs,
    connections: config.httpConnections,
    networkOf: networkUnlessProxy(config.trustedProxies),
  };
  const http = createHttpServer(options, () => handler);
  const address = await listen(http, config);
  closers.add(() => closeHttp(http));
  return { http, address, serve: (given) => (handler = given) };
}
