import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import { WebSocketServer } from "ws";
import { wireLimits } from "../../crypto/wire/frame.ts";
import { webSocketChannel } from "./channel.ts";
import { Connection, type ConnectionDeps } from "./connection.ts";
import { drainAll } from "./drain.ts";
import { HttpConnections } from "./http-connections.ts";

export const RELAY_PATH = "/v1/relay";
const SUBPROTOCOL = "sealdesk.v1";

/** The running data plane. */
export interface AttachedRelay {
  /** Connections of devices that no WebSocket is let through for. */
  readonly overHttp: HttpConnections;
  /**
   * Refuses further sockets; answers what those that are open have sent, then closes them, a batch
   * at a time, asking them to connect elsewhere. What is left when the time is over is cut off.
   */
  close(): Promise<void>;
}

/** Serves the relay's WebSocket on an HTTP server. */
export function attachRelay(server: Server, deps: ConnectionDeps): AttachedRelay {
  const { timings } = deps;
  // A variable, as the types do not know of `closeTimeout`, which ws 8.19 brought.
  const options = {
    noServer: true,
    maxPayload: wireLimits.frame,
    // Ciphertext does not compress, and compressing secrets beside chosen text leaks them (CRIME).
    perMessageDeflate: false,
    closeTimeout: timings.closingMs,
    handleProtocols: (offered: Set<string>): string | false =>
      offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false,
  };
  const sockets = new WebSocketServer(options);
  const overHttp = new HttpConnections(deps);
  let closing = false;

  const onUpgrade = (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    const refusal = closing ? 503 : refusalOf(request);
    if (refusal !== undefined) {
      // Node listens no more on an upgraded stream; a peer that resets it must not end the process.
      stream.on("error", () => undefined);
      stream.end(`HTTP/1.1 ${refusal} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, stream, head, (socket) => {
      (stream as Socket).setNoDelay(true);
      webSocketChannel(socket, stream as Socket, (channel) => new Connection(channel, deps));
    });
  };
  server.on("upgrade", onUpgrade);

  return {
    overHttp,
    async close() {
      closing = true;
      overHttp.stop();
      await drainAll(deps.open, timings);
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

function refusalOf(request: IncomingMessage): number | undefined {
  const path = request.url?.split("?")[0];
  if (path !== RELAY_PATH) return 404;
  const offered = request.headers["sec-websocket-protocol"]?.split(",").map((name) => name.trim());
  return offered?.includes(SUBPROTOCOL) === true ? undefined : 400;
}
