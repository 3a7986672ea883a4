import type { WebSocket } from "ws";
import type { WebSocketConstructor } from "../../client/index.ts";
import { webSocket } from "../../client/index.node.ts";

/** A device's connections. The current one can be cut. */
export interface Severable {
  readonly webSocket: WebSocketConstructor;
  /** Ends the TCP connection without notice, as when a train enters a tunnel. */
  readonly cut: () => void;
}

/** Returns the SDK's own socket for Node, with a handle on the one in use. */
export function severable(): Severable {
  const base = webSocket as unknown as new (url: string, protocols: string) => WebSocket;
  let present: WebSocket | undefined;
  class Socket extends base {
    constructor(url: string, protocols: string) {
      super(url, protocols);
      remember(this);
    }
  }
  const remember = (socket: WebSocket) => void (present = socket);
  return {
    webSocket: Socket as unknown as WebSocketConstructor,
    cut: () => present?.terminate(),
  };
}
