import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { closeCodes, type CloseReason } from "./close-codes.ts";

/** A transport to one device. Carries whole frames in both directions, in order. */
export interface Channel {
  /** Frames that are sent in one turn of the event loop may leave together. */
  transmit(frame: Uint8Array): void;
  close(reason: CloseReason): void;
  /** Asks the device for a sign of life. `onHeard` reports the answer. */
  probe(): void;
  /** Bytes that were sent but not yet taken by the network. */
  readonly bufferedBytes: number;
  /** Bytes that the network has taken so far. */
  readonly takenBytes: number;
  /** Pauses or resumes receiving frames from the device. */
  pause(): void;
  resume(): void;
}

/** Events of a channel. */
export interface ChannelEvents {
  /** Called with one frame, or with undefined when what arrived cannot be a frame. */
  onFrame(frame: Uint8Array | undefined): void;
  /** Called when the channel itself shows that the device is alive. */
  onHeard(): void;
  /** Called when the device has sent something that is no frame of ours, such as a ping. */
  onControl(): void;
  /** Called when the buffer has room again. */
  onDrain(): void;
  /** Called when the channel is closed, by either side. */
  onClosed(): void;
}

/** Returns a channel over a WebSocket. One binary message holds one frame. */
export function webSocketChannel(
  socket: WebSocket,
  raw: Socket,
  serve: (channel: Channel) => ChannelEvents,
): void {
  const events = serve(new WebSocketChannel(socket, raw));
  socket.on("message", (data, isBinary) => events.onFrame(isBinary ? (data as Buffer) : undefined));
  socket.on("ping", () => events.onControl());
  socket.on("pong", () => {
    events.onHeard();
    events.onControl();
  });
  socket.on("close", () => events.onClosed());
  socket.on("error", ignore); // `close` follows
  raw.on("drain", () => events.onDrain());
}

const ignore = (): void => undefined;

// A class, because an object of closures takes a kilobyte more per connection.
class WebSocketChannel implements Channel {
  readonly #socket: WebSocket;
  readonly #raw: Socket;

  constructor(socket: WebSocket, raw: Socket) {
    this.#socket = socket;
    this.#raw = raw;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  get takenBytes(): number {
    return this.#raw.bytesWritten - this.#raw.writableLength;
  }

  transmit(frame: Uint8Array): void {
    const raw = this.#raw;
    if (raw.writableCorked === 0) {
      raw.cork();
      process.nextTick(() => raw.uncork());
    }
    this.#socket.send(frame, { binary: true });
  }

  close(reason: CloseReason): void {
    this.#socket.close(closeCodes[reason], reason);
    // The peer no longer answers, so a closing handshake and a close code are pointless.
    if (reason === "silent") this.#socket.terminate();
  }

  probe(): void {
    this.#socket.ping();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}
