import { decodeFrame, encodeFrame, type Frame } from "../../crypto/wire/frame.ts";
import type { WebSocketConstructor, WebSocketLike } from "../runtime.ts";

const subprotocol = "sealdesk.v1";

/** What this side closes with when what it received is no frame. */
const unreadable = 3400;

/** What happens on one socket. `onClosed` comes once, and nothing after it. */
export interface SocketEvents {
  readonly onOpen: () => void;
  readonly onFrame: (frame: Frame) => void;
  readonly onClosed: (code: number, reason: string) => void;
}

/** One WebSocket to the relay: frames in, frames out. */
export class RelaySocket {
  readonly #socket: WebSocketLike;
  readonly #events: SocketEvents;
  #state: "connecting" | "open" | "closed" = "connecting";

  constructor(webSocket: WebSocketConstructor, url: string, events: SocketEvents) {
    this.#events = events;
    this.#socket = new webSocket(url, subprotocol);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("open", () => {
      if (this.#state !== "connecting") return;
      this.#state = "open";
      events.onOpen();
    });
    this.#socket.addEventListener("message", (event: { readonly data: unknown }) =>
      this.#onMessage(event.data),
    );
    this.#socket.addEventListener(
      "close",
      (event: { readonly code: number; readonly reason: string }) =>
        this.#closed(event.code, event.reason),
    );
    // A close event follows; without a listener some implementations throw.
    this.#socket.addEventListener("error", () => undefined);
  }

  /** @returns false when the socket is not open: nothing was sent */
  send(frame: Frame): boolean {
    if (this.#state !== "open") return false;
    this.#socket.send(Uint8Array.from(encodeFrame(frame)));
    return true;
  }

  /** Ends the socket without waiting for the other side, which may be gone. */
  close(code: number, reason: string): void {
    if (this.#state === "closed") return;
    this.#socket.close(code, reason);
    this.#closed(code, reason);
  }

  #onMessage(data: unknown): void {
    if (this.#state !== "open") return;
    let frame: Frame;
    try {
      frame = decodeFrame(new Uint8Array(data as ArrayBuffer));
    } catch {
      this.close(unreadable, "unreadable frame");
      return;
    }
    this.#events.onFrame(frame);
  }

  #closed(code: number, reason: string): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#events.onClosed(code, reason);
  }
}
