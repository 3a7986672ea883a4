import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { closeCodes, type CloseReason } from "./close-codes.ts";

/** A way to one device on which whole frames travel in both directions, in order. */
export interface Channel {
  /** Frames sent in one turn of the event loop may leave together. */
  transmit(frame: Uint8Array): void;
  close(reason: CloseReason): void;
  /** Bytes sent and not yet taken by the network. */
  readonly bufferedBytes: number;
  /** Stops and resumes taking frames from the device. */
  pause(): void;
  resume(): void;
}

/** What a channel tells whoever serves it. */
export interface ChannelEvents {
  /** One frame; undefined when what came cannot be one. */
  onFrame(frame: Uint8Array | undefined): void;
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
    close: (reason) => socket.close(closeCodes[reason], reason),
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
  const events = serve(channel);
  socket.on("message", (data, isBinary) => events.onFrame(isBinary ? (data as Buffer) : undefined));
  socket.on("close", () => events.onClosed());
  socket.on("error", () => undefined); // `close` follows
  raw.on("drain", () => events.onDrain());
}
