import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { closeCodes, type CloseReason } from "./close-codes.ts";

/** A way to one device on which whole frames travel in both directions, in order. */
export interface Channel {
  /** Frames sent in one turn of the event loop may leave together. */
  transmit(frame: Uint8Array): void;
  close(reason: CloseReason): void;
  /** Asks for a sign of life; `onHeard` is the answer. */
  probe(): void;
  /** Bytes sent and not yet taken by the network. */
  readonly bufferedBytes: number;
  /** Bytes the network has taken so far. */
  readonly takenBytes: number;
  /** Stops and resumes taking frames from the device. */
  pause(): void;
  resume(): void;
}

/** What a channel tells whoever serves it. */
export interface ChannelEvents {
  /** One frame; undefined when what came cannot be one. */
  onFrame(frame: Uint8Array | undefined): void;
  /** The device is there, says the channel itself. */
  onHeard(): void;
  /** Room in the buffer again. */
  onDrain(): void;
  /** The channel is gone, whoever closed it. */
  onClosed(): void;
}

/** A channel over a WebSocket: one binary message, one frame. */
export function webSocketChannel(
  socket: WebSocket,
  raw: Socket,
  serve: (channel: Channel) => ChannelEvents,
): void {
  const events = serve(new WebSocketChannel(socket, raw));
  socket.on("message", (data, isBinary) => events.onFrame(isBinary ? (data as Buffer) : undefined));
  socket.on("pong", () => events.onHeard());
  socket.on("close", () => events.onClosed());
  socket.on("error", ignore); // `close` follows
  raw.on("drain", () => events.onDrain());
}

const ignore = (): void => undefined;

// A class: an object of closures takes a kilobyte more, of every connection.
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
    // Nobody is there to take part in a handshake, nor to be told the code.
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
