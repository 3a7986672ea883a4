import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { WebSocketServer, type WebSocket } from "ws";
import { foreignOrigin } from "../page-origin.ts";
import { originNotAllowed } from "../../identity/accounts/origins.ts";
import { wireLimits } from "../../crypto/wire/frame.ts";
import { ConnectionLimit, type ConnectionLimits } from "../connection-limit.ts";
import type { HeldBytes } from "../held-bytes.ts";
import { HttpError } from "../http/http-error.ts";
import { leaveHttp } from "../http/http-server.ts";
import { serveAsOrdinary } from "../http/ordinary-request.ts";
import { rawProblem, type Refusal } from "../http/raw-problem.ts";
import { webSocketChannel } from "./channel.ts";
import { closeCodes } from "./close-codes.ts";
import { Connection } from "./connection.ts";
import type { ConnectionDeps } from "./connection-deps.ts";
import { drainAll } from "./drain.ts";
import { HttpConnections } from "./http-connections.ts";
import { limitHello } from "./limit-hello.ts";
import { relayLimits } from "../limits.ts";

export const RELAY_PATH = "/v1/relay";
const SUBPROTOCOL = "sealdesk.v1";

/** The running relay. */
export interface AttachedRelay {
  /** Connections over HTTP, for devices that cannot open a WebSocket. */
  readonly overHttp: HttpConnections;
  /**
   * Sends new sockets to another node. Answers what the open ones have sent, then closes them in
   * batches and asks them to connect to another node. Waits until other nodes have let them in.
   * Sockets that are still open when the time is over are cut off.
   */
  close(): Promise<void>;
}

/** Limits of the connections that have not been welcomed yet. */
export interface HelloLimits {
  readonly waitingSockets: ConnectionLimits;
  readonly heldBytes: HeldBytes;
  /** Returns the network of a request, as `networkBehind` does. */
  readonly networkOf: (request: IncomingMessage) => string;
  readonly isOriginOfAnyTenant: (origin: string) => Promise<boolean>;
}

export interface RelayDeps extends ConnectionDeps {
  /** Whether other nodes serve the same database, which devices can move to. */
  readonly hasOtherNodes: () => boolean;
  readonly helloLimits: HelloLimits;
  readonly publicUrl: string;
}

/** A socket that has not been welcomed yet. */
interface Stranger {
  readonly network: string;
  /** The origin of the page that connects, if it is not the server's own. */
  readonly origin: string | undefined;
  /** Gives back the place among those that have not been welcomed. */
  readonly leave: () => void;
}

/** Serves the relay's WebSocket on an HTTP server. */
export function attachRelay(server: Server, deps: RelayDeps): AttachedRelay {
  const { timings } = deps;
  const { waitingSockets, heldBytes, networkOf, isOriginOfAnyTenant } = deps.helloLimits;
  const waiting = new ConnectionLimit(waitingSockets);
  // A variable of its own, because the types do not know the options that ws 8.19 and later
  // introduced.
  const options = {
    noServer: true,
    maxPayload: wireLimits.frame,
    maxFragments: relayLimits.fragments,
    maxBufferedChunks: relayLimits.bufferedPieces,
    // Ciphertext does not compress. Compressing secrets together with chosen text leaks them
    // (CRIME).
    perMessageDeflate: false,
    closeTimeout: timings.closingMs,
    handleProtocols: (offered: Set<string>): string | false =>
      offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false,
  };
  const sockets = new WebSocketServer(options);
  const overHttp = new HttpConnections(deps);
  let closing = false;

  /** Everything here lives as long as the connection, so the request of the upgrade is not known here. */
  const serve = (socket: WebSocket, raw: Socket, { network, origin, leave }: Stranger) => {
    raw.setNoDelay(true);
    webSocketChannel(socket, raw, (channel) => {
      const onWelcomed = () => {
        raw.off("close", leave);
        leave();
        endLimit();
      };
      const connection = new Connection(channel, deps, onWelcomed, origin);
      const hold = heldBytes.open({ kind: "stranger", network });
      const endLimit = limitHello(socket, raw, hold, (reason) => connection.close(reason));
      return connection;
    });
  };

  const onUpgrade = (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    if (!asksForWebSocket(request)) return serveAsOrdinary(server, request, stream, head);
    const refusal = refusalOf(request);
    if (refusal !== undefined) return refuse(stream, refusal);
    const network = networkOf(request);
    const leave = waiting.enter(network, cutOff(stream));
    if (leave === undefined)
      return refuse(stream, new HttpError("overloaded", "Too many sockets have not said hello."));
    stream.once("close", leave);
    const origin = foreignOrigin(request.headers.origin, deps.publicUrl);
    const accept = () => {
      leaveHttp(stream);
      sockets.handleUpgrade(request, stream, head, (socket) => {
        // A page is not told the status of a refused upgrade; the close code says to try another node.
        if (closing) return sendAway(socket);
        serve(socket, stream as Socket, { network, origin, leave });
      });
    };
    if (origin === undefined) return accept();
    // Node no longer listens for errors on an upgraded stream.
    stream.on("error", () => undefined);
    isOriginOfAnyTenant(origin)
      .then(
        (isKnown) => (isKnown ? accept() : refuse(stream, originNotAllowed())),
        () => refuse(stream, new HttpError("not_ready", "The origin cannot be checked now.")),
      )
      .catch(() => stream.destroy());
  };
  // The handshake itself is not valid, for example its version (RFC 6455 section 4.4).
  sockets.on("wsClientError", (error, stream) =>
    refuse(stream, new HttpError("invalid_request", `${error.message}.`), {
      "Sec-WebSocket-Version": "13",
    }),
  );
  server.on("upgrade", onUpgrade);

  return {
    overHttp,
    async close() {
      closing = true;
      overHttp.stop();
      const moved = deps.relay.movedElsewhere();
      await drainAll(deps.open, timings);
      if (deps.hasOtherNodes()) {
        const over = new AbortController();
        const late = wait(timings.letInElsewhereMs, undefined, { signal: over.signal });
        await Promise.race([moved, late.catch(() => undefined)]);
        over.abort();
      }
      const ended = new Promise<void>((resolve) => {
        sockets.close(() => resolve());
      });
      const late = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate();
      }, timings.closingMs);
      await ended;
      clearTimeout(late);
      server.off("upgrade", onUpgrade);
    },
  };
}

const cutOff = (stream: Duplex) => () => void stream.destroy();

function sendAway(socket: WebSocket): void {
  socket.on("error", () => undefined);
  socket.close(closeCodes.going_away, "going_away");
}

function refuse(stream: Duplex, error: Refusal, headers: Record<string, string> = {}): void {
  // Node no longer listens for errors on an upgraded stream. A reset by the peer must not end the
  // process.
  stream.on("error", () => undefined);
  // Destroys the stream. Otherwise a refused peer could keep its connection as long as it likes.
  stream.once("finish", () => stream.destroy());
  stream.end(rawProblem(error, headers));
}

const asksForWebSocket = ({ method, headers }: IncomingMessage): boolean =>
  method === "GET" && headers.upgrade?.toLowerCase() === "websocket";

function refusalOf(request: IncomingMessage): HttpError | undefined {
  const path = request.url?.split("?")[0];
  if (path !== RELAY_PATH)
    return new HttpError("not_found", `WebSockets are served at ${RELAY_PATH} only.`);
  const offered = request.headers["sec-websocket-protocol"]?.split(",").map((name) => name.trim());
  return offered?.includes(SUBPROTOCOL) === true
    ? undefined
    : new HttpError("invalid_request", `Offer the subprotocol ${SUBPROTOCOL}.`);
}
