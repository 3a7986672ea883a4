import { hash } from "node:crypto";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { webSocket } from "../../client/index.node.ts";
import type { WebSocketConstructor } from "../../client/index.ts";
import { transcriptHash } from "../../crypto/wire/event.ts";
import {
  decodeControl,
  decodeFrame,
  encodeControl,
  encodeFrame,
  type Control,
  type Deliver,
  type Frame,
} from "../../crypto/wire/frame.ts";
import type { TestServer } from "./server.ts";

/** Makes of one frame of the relay what the device is shown instead. */
export type Tamper = (frame: Frame) => readonly Frame[];

export interface TamperingRelay {
  /** Connects to this relay, whatever address it is given. */
  readonly webSocket: WebSocketConstructor;
  tamper: Tamper;
  /** What the real relay gets of a frame of the device. `answer` speaks to the device in its place. */
  tamperSent: (frame: Frame, answer: (frame: Frame) => void) => readonly Frame[];
  /** Connections so far. */
  connections(): number;
  /** Cuts the connections there are. */
  cut(): void;
  close(): Promise<void>;
}

/** A relay between a device and the real one that shows the device what it likes. */
export async function startTamperingRelay(server: TestServer): Promise<TamperingRelay> {
  const listener = new WebSocketServer({
    port: 0,
    host: "127.0.0.1",
    handleProtocols: () => "sealdesk.v1",
  });
  await new Promise((resolve) => listener.once("listening", resolve));
  const { port } = listener.address() as AddressInfo;
  const upstreamUrl = `${server.url.replace("http", "ws")}/v1/relay`;
  let connections = 0;

  listener.on("connection", (device) => {
    connections++;
    const upstream = new WebSocket(upstreamUrl, "sealdesk.v1");
    const early: Buffer[] = [];
    const answer = (frame: Frame) => device.send(encodeFrame(frame));
    const pass = (data: Buffer) => {
      for (const frame of relay.tamperSent(decodeFrame(data), answer))
        upstream.send(encodeFrame(frame));
    };
    device.on("message", (data: Buffer) => {
      if (upstream.readyState === WebSocket.OPEN) pass(data);
      else early.push(data);
    });
    upstream.on("open", () => {
      for (const data of early.splice(0)) pass(data);
    });
    upstream.on("message", (data: Buffer) => {
      for (const frame of relay.tamper(decodeFrame(data))) device.send(encodeFrame(frame));
    });
    upstream.on("close", (code, reason) => {
      if (code >= 3000) device.close(code, reason.toString());
      else device.terminate();
    });
    device.on("close", () => upstream.terminate());
    upstream.on("error", () => device.terminate());
  });

  const Base = webSocket as unknown as new (url: string, protocols: string) => object;
  class Redirected extends Base {
    constructor(_url: string, protocols: string) {
      super(`ws://127.0.0.1:${port}`, protocols);
    }
  }
  const relay: TamperingRelay = {
    webSocket: Redirected as unknown as WebSocketConstructor,
    tamper: (frame) => [frame],
    tamperSent: (frame) => [frame],
    connections: () => connections,
    cut() {
      for (const device of listener.clients) device.terminate();
    },
    async close() {
      relay.cut();
      await new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
  return relay;
}

const sha256 = (input: Uint8Array) => hash("sha256", input, "buffer");

/** The event at a place, in a log that fits it. */
export function placed(
  event: Deliver,
  seq: number,
  previousHash: Uint8Array,
): Frame & { readonly kind: "deliver" } {
  const body = { ...event, seq, previousHash };
  const { ciphertext, commitment } = body;
  const shown = transcriptHash(sha256, previousHash, body, ciphertext, commitment);
  return { kind: "deliver", body: { ...body, transcriptHash: shown } };
}

/** Shows the content of the events that are chosen as `change` says, in a log that fits it. */
export const showing =
  (isChosen: (event: Deliver) => boolean, change: (control: Control) => Partial<Control>): Tamper =>
  (frame) => {
    if (frame.kind !== "deliver" || !isChosen(frame.body)) return [frame];
    const { body } = frame;
    const control = decodeControl(body.ciphertext);
    const ciphertext = encodeControl({ ...control, ...change(control) });
    return [placed({ ...body, ciphertext }, body.seq, body.previousHash)];
  };

/**
 * A log of its own, with numbers and hashes that fit each other: what a relay shows that means to
 * hide what it does. Own messages of the device are not provided for.
 */
export class OtherLog {
  #seq = 0;
  #hash: Uint8Array = new Uint8Array(32);

  /** The event as the next one of this log. */
  append(event: Deliver): Frame {
    const frame = placed(event, ++this.#seq, this.#hash);
    this.#hash = frame.body.transcriptHash;
    return frame;
  }
}
