import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import { WebSocketServer } from "ws";
import { wireLimits } from "../../crypto/wire/frame.ts";
import { webSocketChannel } from "./channel.ts";
import { Connection, type ConnectionDeps } from "./connection.ts";
import type { Relay } from "./relay.ts";

export const RELAY_PATH = "/v1/relay";
const SUBPROTOCOL = "sealdesk.v1";

/** The running data plane. */
export interface AttachedRelay {
  /** Refuses further sockets and closes those that are open, asking them to connect elsewhere. */
  close(): Promise<void>;
}

/** Serves the relay's WebSocket on an HTTP server. */
export function attachRelay(
  server: Server,
  relay: Relay,
  deps: Omit<ConnectionDeps, "relay">,
): AttachedRelay {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: wireLimits.frame,
    // Ciphertext does not compress, and compressing secrets beside chosen text leaks them (CRIME).
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
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
      webSocketChannel(
        socket,
        stream as Socket,
        (channel) => new Connection(channel, { ...deps, relay }),
      );
    });
  };
  server.on("upgrade", onUpgrade);

  return {
    async close() {
      closing = true;
      relay.closeAll((connection) => connection.close("going_away"));
      for (const socket of sockets.clients) socket.close(3001, "going_away");
      await new Promise<void>((resolve) => {
        sockets.close(() => resolve());
      });
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
