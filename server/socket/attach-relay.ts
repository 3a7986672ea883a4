import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { WebSocketServer, type WebSocket } from "ws";
import { foreignOrigin } from "../page-origin.ts";
import { networkOf } from "../network-of.ts";
import { wireLimits } from "../../crypto/wire/frame.ts";
import { webSocketChannel } from "./channel.ts";
import { closeCodes } from "./close-codes.ts";
import { Connection, type ConnectionDeps } from "./connection.ts";
import { drainAll } from "./drain.ts";
import { PendingUpgrades, type PendingUpgradeLimits } from "./pending-upgrades.ts";
import { HttpConnections } from "./http-connections.ts";

export const RELAY_PATH = "/v1/relay";
const SUBPROTOCOL = "sealdesk.v1";

/** The running relay. */
export interface AttachedRelay {
  /** Connections over HTTP, for devices that cannot open a WebSocket. */
  readonly overHttp: HttpConnections;
  /**
   * Sends new sockets to another node. Answers what the open ones have sent, then closes them in
   * batches and asks them to connect to another node. Waits until other nodes have let them in.
   * Whatever is left when the time is over is cut off.
   */
  close(): Promise<void>;
}

/** Limits of the connections that have not been welcomed yet. */
export interface ConnectionLimits {
  readonly waitingSockets: PendingUpgradeLimits;
  readonly addressOf: (request: IncomingMessage) => string;
  readonly isOriginOfAnyTenant: (origin: string) => Promise<boolean>;
}

interface RelayDeps extends ConnectionDeps {
  /** Whether other nodes serve the same database, which devices can move to. */
  readonly hasOtherNodes: () => boolean;
  readonly connectionLimits: ConnectionLimits;
  readonly publicUrl: string;
}

/** Serves the relay's WebSocket on an HTTP server. */
export function attachRelay(server: Server, deps: RelayDeps): AttachedRelay {
  const { timings, connectionLimits } = deps;
  const waiting = new PendingUpgrades(connectionLimits.waitingSockets);
  // A variable of its own, because the types do not know `closeTimeout`, which ws 8.19 introduced.
  const options = {
    noServer: true,
    maxPayload: wireLimits.frame,
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

  const onUpgrade = (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    const refusal = refusalOf(request);
    if (refusal !== undefined) return refuse(stream, refusal);
    const leave = waiting.enter(networkOf(connectionLimits.addressOf(request)));
    if (leave === undefined) return refuse(stream, 503);
    stream.once("close", leave);
    const { isOriginOfAnyTenant } = connectionLimits;
    const origin = foreignOrigin(request.headers.origin, deps.publicUrl);
    if (origin === undefined) return accept(request, stream, head, leave);
    // Node no longer listens for errors on an upgraded stream.
    stream.on("error", () => undefined);
    isOriginOfAnyTenant(origin).then(
      (isKnown) => (isKnown ? accept(request, stream, head, leave, origin) : refuse(stream, 403)),
      () => refuse(stream, 503),
    );
  };
  const accept = (
    request: IncomingMessage,
    stream: Duplex,
    head: Buffer,
    leave: () => void,
    origin?: string,
  ) =>
    sockets.handleUpgrade(request, stream, head, (socket) => {
      // A page is not told the status of a refused upgrade; the close code says to try another node.
      if (closing) return sendAway(socket);
      (stream as Socket).setNoDelay(true);
      webSocketChannel(
        socket,
        stream as Socket,
        (channel) => new Connection(channel, deps, leave, origin),
      );
    });
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

function sendAway(socket: WebSocket): void {
  socket.on("error", () => undefined);
  socket.close(closeCodes.going_away, "going_away");
}

function refuse(stream: Duplex, status: number): void {
  // Node no longer listens for errors on an upgraded stream. A reset by the peer must not end the
  // process.
  stream.on("error", () => undefined);
  // Without this, a refused peer could keep its connection for as long as it likes.
  stream.once("finish", () => stream.destroy());
  stream.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function refusalOf(request: IncomingMessage): number | undefined {
  const path = request.url?.split("?")[0];
  if (path !== RELAY_PATH) return 404;
  const offered = request.headers["sec-websocket-protocol"]?.split(",").map((name) => name.trim());
  return offered?.includes(SUBPROTOCOL) === true ? undefined : 400;
}
