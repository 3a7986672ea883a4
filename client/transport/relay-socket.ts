import { decodeFrame, encodeFrame, type Frame } from "../../crypto/wire/frame.ts";
import type { WebSocketConstructor, WebSocketLike } from "../runtime.ts";
import { closing, type ChannelEvents, type RelayChannel } from "./channel.ts";

const subprotocol = "sealdesk.v1";

/** A WebSocket to the relay that sends and receives frames. */
export class RelaySocket implements RelayChannel {
  readonly #socket: WebSocketLike;
  readonly #events: ChannelEvents;
  #state: "connecting" | "open" | "closed" = "connecting";

  constructor(webSocket: WebSocketConstructor, url: string, events: ChannelEvents) {
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
    // A close event follows. Without a listener some implementations throw.
    this.#socket.addEventListener("error", () => undefined);
  }

  send(frame: Frame): boolean {
    if (this.#state !== "open") return false;
    this.#socket.send(Uint8Array.from(encodeFrame(frame)));
    return true;
  }

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
      this.close(closing.unreadable, "unreadable frame");
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
