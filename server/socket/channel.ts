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
  const channel: Channel = {
    transmit(frame) {
      if (raw.writableCorked === 0) {
        raw.cork();
        process.nextTick(() => raw.uncork());
      }
      socket.send(frame, { binary: true });
    },
    close(reason) {
      socket.close(closeCodes[reason], reason);
      // Nobody is there to take part in a handshake, nor to be told the code.
      if (reason === "silent") socket.terminate();
    },
    probe: () => socket.ping(),
    get bufferedBytes() {
      return socket.bufferedAmount;
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
