import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import type { RoomSpec } from "./party.ts";

/** Receives a relay's answers about events. `key` is the conversation's 16 bytes. */
export interface RelayConnectionEvents {
  accepted(key: string, seq: number): void;
  delivered(key: string, seq: number): void;
}

/** A WebSocket message. A string is a text message. */
export type Frame = Uint8Array | string;

/**
 * Makes and reads one relay's frames as cheaply as possible, because the load must not be the
 * limit.
 */
export interface Dialect {
  /** The relay's path below its URL, and the requested subprotocol. */
  readonly path: string;
  readonly subprotocol?: string;
  /** Returns the first frame. */
  hello(): Frame;
  /**
   * Reads a frame.
   * @param say answers it, if the relay expects a dialogue
   * @returns true once the device has everything that waited for it
   */
  read(frame: Buffer, events: RelayConnectionEvents, say: (frame: Frame) => void): boolean;
  /** Undefined if devices do not acknowledge. */
  ack?(cursors: ReadonlyMap<string, number>): Frame;
  /** Prepares a conversation. The returned function makes its next message, to be sent at once. */
  writer(room: RoomSpec): () => Frame;
}

const ACK_EVERY = 32;

/** A device's connection to a relay. It acknowledges deliveries and does no cryptography. */
export class RelayConnection {
  readonly #dialect: Dialect;
  readonly #socket: WebSocket;
  readonly #raw: Socket;
  readonly #unacknowledged = new Map<string, number>();
  #count = 0;
  #ready = false;

  private constructor(socket: WebSocket, raw: Socket, dialect: Dialect) {
    this.#socket = socket;
    this.#raw = raw;
    this.#dialect = dialect;
  }

  /**
   * Connects and says hello. It resolves when the device has everything that waited for it.
   * @param localAddress one address has too few ports for every benchmark
   */
  static async open(
    url: string,
    dialect: Dialect,
    localAddress: string,
    events: RelayConnectionEvents,
    onConnected: () => void = () => undefined,
  ): Promise<RelayConnection> {
    const { path, subprotocol } = dialect;
    const socket = new WebSocket(
      url.replace("http", "ws") + path,
      subprotocol === undefined ? [] : [subprotocol],
      { perMessageDeflate: false, localAddress },
    );
    const upgraded = once(socket, "upgrade") as Promise<[IncomingMessage]>;
    await once(socket, "open");
    const [response] = await upgraded;
    onConnected();
    const link = new RelayConnection(socket, response.socket, dialect);
    await link.#greet(events);
    return link;
  }

  #greet(events: RelayConnectionEvents): Promise<void> {
    return new Promise((resolve, reject) => {
      const counted: RelayConnectionEvents = {
        accepted: (key, seq) => {
          this.#acknowledge(key, seq);
          events.accepted(key, seq);
        },
        delivered: (key, seq) => {
          this.#acknowledge(key, seq);
          events.delivered(key, seq);
        },
      };
      const say = (frame: Frame) => this.#socket.send(frame);
      this.#socket.on("message", (data) => {
        if (!this.#dialect.read(data as Buffer, counted, say) || this.#ready) return;
        this.#ready = true;
        resolve();
      });
      this.#socket.once("close", (code, reason) => {
        if (!this.#ready)
          reject(new Error(`the relay closed the socket: ${code} ${reason.toString()}`));
      });
      this.#socket.on("error", reject);
      this.#socket.send(this.#dialect.hello());
    });
  }

  /** Frames of one turn of the event loop are sent together. */
  send(frame: Frame): void {
    if (this.#raw.writableCorked === 0) {
      this.#raw.cork();
      process.nextTick(() => this.#raw.uncork());
    }
    this.#socket.send(frame);
  }

  /** Writes bytes past the WebSocket. @returns false if they wait; write on when `onDrain` is called */
  writeRaw(bytes: Uint8Array, onDrain: () => void): boolean {
    const isTaken = this.#raw.write(bytes);
    if (!isTaken) this.#raw.once("drain", onDrain);
    return isTaken;
  }

  close(): void {
    this.#socket.removeAllListeners("close");
    this.#socket.terminate();
  }

  #acknowledge(key: string, seq: number): void {
    if (this.#dialect.ack === undefined) return;
    this.#unacknowledged.set(key, seq);
    if (++this.#count < ACK_EVERY) return;
    this.#count = 0;
    this.#socket.send(this.#dialect.ack(this.#unacknowledged));
    this.#unacknowledged.clear();
  }
}
