import type { Socket } from "node:net";
import { WebSocket } from "ws";
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

/**
 * What one turn of the event loop has for a socket, which leaves in one write. Written as RFC 6455
 * has it, unmasked and whole, instead of by `ws`: its two chunks and a callback for each message
 * cost as much as the system call.
 */
class OutgoingFrames {
  readonly #raw: Socket;
  #frames: Uint8Array[] = [];
  /** Bytes that wait for the end of this turn. */
  bytes = 0;

  constructor(raw: Socket) {
    this.#raw = raw;
  }

  push(frame: Uint8Array): void {
    if (this.#frames.length === 0) process.nextTick(flush, this);
    this.#frames.push(frame);
    this.bytes += headerBytes(frame.length) + frame.length;
  }

  flush(): void {
    if (this.#frames.length === 0) return;
    const chunk = Buffer.allocUnsafe(this.bytes);
    let at = 0;
    for (const frame of this.#frames) {
      at = writeHeader(chunk, at, frame.length);
      chunk.set(frame, at);
      at += frame.length;
    }
    this.#frames = [];
    this.bytes = 0;
    if (this.#raw.writable) this.#raw.write(chunk);
  }
}

const flush = (outgoing: OutgoingFrames): void => outgoing.flush();

/** The final and only fragment of a binary message. */
const BINARY = 0x82;

const headerBytes = (length: number): number => (length < 126 ? 2 : length < 65_536 ? 4 : 10);

/** @returns where the payload begins */
function writeHeader(chunk: Buffer, at: number, length: number): number {
  chunk[at] = BINARY;
  if (length < 126) {
    chunk[at + 1] = length;
    return at + 2;
  }
  if (length < 65_536) {
    chunk[at + 1] = 126;
    return chunk.writeUInt16BE(length, at + 2);
  }
  chunk[at + 1] = 127;
  chunk.writeUInt32BE(0, at + 2);
  return chunk.writeUInt32BE(length, at + 6);
}

/** A channel over a WebSocket: one binary message, one frame. */
export function webSocketChannel(
  socket: WebSocket,
  raw: Socket,
  serve: (channel: Channel) => ChannelEvents,
): void {
  const outgoing = new OutgoingFrames(raw);
  const channel: Channel = {
    transmit(frame) {
      if (socket.readyState === WebSocket.OPEN) outgoing.push(frame);
    },
    close(reason) {
      outgoing.flush();
      socket.close(closeCodes[reason], reason);
      // Nobody is there to take part in a handshake, nor to be told the code.
      if (reason === "silent") socket.terminate();
    },
    probe: () => socket.ping(),
    get bufferedBytes() {
      return socket.bufferedAmount + outgoing.bytes;
    },
    get takenBytes() {
      return raw.bytesWritten - raw.writableLength;
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
  const events = serve(channel);
  socket.on("message", (data, isBinary) => events.onFrame(isBinary ? (data as Buffer) : undefined));
  socket.on("pong", () => events.onHeard());
  socket.on("close", () => events.onClosed());
  socket.on("error", () => undefined); // `close` follows
  raw.on("drain", () => events.onDrain());
}
