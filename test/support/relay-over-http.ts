import { frameBatchType, joinFrames, splitFrames } from "../../crypto/wire/frame-batch.ts";
import {
  decodeFrame,
  encodeFrame,
  type Cursor,
  type Frame,
  type FrameKind,
  type Head,
} from "../../crypto/wire/frame.ts";
import type { TestDevice } from "./device.ts";
import { helloOf, startFrom } from "./relay-socket.ts";
import type { TestServer } from "./server.ts";

type BodyOf<K extends FrameKind> = Extract<Frame, { kind: K }>["body"];

const SEND = "/v1/relay/send";

/** What one poll brought. */
export interface Polled {
  readonly status: number;
  readonly first: number;
  readonly frames: readonly Frame[];
  /** As in "4509 displaced"; null while the connection is open. */
  readonly close: string | null;
}

/** A relay connection over HTTP that a test drives exchange by exchange. */
export class RelayOverHttp {
  readonly id: string;
  readonly #url: string;
  #batches = 1;
  #after = 0;
  readonly #received: Frame[] = [];
  readonly #heads: Head[] = [];

  constructor(server: Pick<TestServer, "url">, id: string) {
    this.#url = server.url;
    this.id = id;
  }

  /** Begins a connection with these bytes as the first body. */
  static post(
    server: Pick<TestServer, "url">,
    device: TestDevice,
    body: Uint8Array<ArrayBuffer>,
    type: string = frameBatchType,
  ): Promise<Response> {
    const { token } = device;
    const headers = {
      "content-type": type,
      authorization: `DPoP ${token}`,
      dpop: device.proof("POST", SEND, { token }),
    };
    return fetch(server.url + SEND, { method: "POST", headers, body });
  }

  /** Says hello as `device`, and takes nothing yet. */
  static async begin(server: Pick<TestServer, "url">, device: TestDevice): Promise<RelayOverHttp> {
    const hello = encodeFrame({ kind: "hello", body: helloOf(device) });
    const response = await RelayOverHttp.post(server, device, joinFrames([hello]));
    if (response.status !== 201) throw new Error(`not begun: ${await response.text()}`);
    return new RelayOverHttp(server, response.headers.get("relay-connection") ?? "");
  }

  /** Says hello, takes the welcome by a poll and starts every conversation. */
  static async open(
    server: Pick<TestServer, "url">,
    device: TestDevice,
    cursors: readonly Cursor[] = [],
  ): Promise<RelayOverHttp> {
    const relay = await RelayOverHttp.begin(server, device);
    await relay.next("welcome");
    await relay.send(...startFrom(relay.#heads, cursors));
    return relay;
  }

  /** Posts a batch under a number, the next one by default. */
  sendBytes(body: Uint8Array<ArrayBuffer>, batch = ++this.#batches): Promise<Response> {
    const headers = {
      "content-type": frameBatchType,
      "relay-connection": this.id,
      "relay-batch": String(batch),
    };
    return fetch(this.#url + SEND, { method: "POST", headers, body });
  }

  async send(...frames: readonly Frame[]): Promise<void> {
    const response = await this.sendBytes(joinFrames(frames.map(encodeFrame)));
    if (response.status !== 204) throw new Error(`not sent: ${await response.text()}`);
  }

  /** One poll, without remembering what it brought. */
  async poll(after: number, wait = 25): Promise<Polled> {
    const response = await fetch(`${this.#url}/v1/relay/events?wait=${wait}&after=${after}`, {
      headers: { "relay-connection": this.id },
    });
    const body = new Uint8Array(await response.arrayBuffer());
    return {
      status: response.status,
      first: Number(response.headers.get("relay-first")),
      frames: response.ok ? splitFrames(body).map(decodeFrame) : [],
      close: response.headers.get("relay-close"),
    };
  }

  /** Polls until a frame of this kind has come; frames of other kinds are left for later. */
  async next<K extends FrameKind>(kind: K): Promise<BodyOf<K>> {
    for (;;) {
      const index = this.#received.findIndex((frame) => frame.kind === kind);
      const [found] = index === -1 ? [] : this.#received.splice(index, 1);
      if (found !== undefined) return found.body as BodyOf<K>;
      const { frames, close } = await this.#take(25);
      if (close !== null && frames.length === 0) throw new Error(`${close} without ${kind}`);
    }
  }

  /** What waits at present, without what came before. */
  async takeNow(): Promise<readonly Frame[]> {
    return (await this.#take(0)).frames;
  }

  async #take(wait: number): Promise<Polled> {
    const polled = await this.poll(this.#after, wait);
    this.#after += polled.frames.length;
    for (const frame of polled.frames)
      if (frame.kind === "heads") this.#heads.push(...frame.body.heads);
      else this.#received.push(frame);
    return polled;
  }

  async deliveries(count: number): Promise<BodyOf<"deliver">[]> {
    const taken: BodyOf<"deliver">[] = [];
    while (taken.length < count) taken.push(await this.next("deliver"));
    return taken;
  }

  /** Polls until the connection is closed. @returns as in "4509 displaced" */
  async closed(): Promise<string> {
    for (;;) {
      const { close, status } = await this.#take(25);
      if (close !== null) return close;
      if (status !== 200) throw new Error(`polled with ${status}`);
    }
  }

  /** Frames of this kind that came and were not asked for. */
  pending(kind: FrameKind): number {
    return this.#received.filter((frame) => frame.kind === kind).length;
  }

  /** Takes everything by a stream of events. */
  async stream(): Promise<AsyncGenerator<string, void>> {
    const response = await this.streamUnread();
    if (!response.ok || response.body === null) throw new Error(await response.text());
    return eventsOf(response.body);
  }

  /** The answer that is a stream of events, of which nothing was read. */
  streamUnread(): Promise<Response> {
    const headers = { "relay-connection": this.id };
    return fetch(`${this.#url}/v1/relay/stream`, { headers });
  }
}

/** The events as they stand, without the empty lines between them. */
async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of body) {
    const parts = (rest + decoder.decode(piece, { stream: true })).split("\n\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

/** The frame of an event; undefined for a comment, a ping or a close. */
export function frameOf(event: string): Frame | undefined {
  const data = /^data: (.*)$/.exec(event)?.[1];
  return data === undefined ? undefined : decodeFrame(Buffer.from(data, "base64url"));
}
