import { WebSocket } from "ws";
import type { WebSocketConstructor } from "./runtime.ts";

/**
 * The relay sends a ping every 25 s. A connection that is silent for longer, with some margin, is
 * dead.
 */
const silenceMs = 35_000;

/**
 * The WebSocket of `ws`. Unlike browsers, it also notices that the other side has been silent for
 * too long. Then it closes with 1006, and the client reconnects.
 */
class WatchfulWebSocket extends WebSocket {
  #alarm: NodeJS.Timeout | undefined;

  constructor(url: string, protocols: string) {
    super(url, protocols, { perMessageDeflate: false });
    const heard = () => {
      clearTimeout(this.#alarm);
      this.#alarm = setTimeout(() => this.terminate(), silenceMs);
    };
    for (const sign of ["open", "ping", "message"]) this.on(sign, heard);
    this.on("close", () => clearTimeout(this.#alarm));
  }
}

/** For `Sealdesk.connect` in Node. */
export const webSocket = WatchfulWebSocket as unknown as WebSocketConstructor;
