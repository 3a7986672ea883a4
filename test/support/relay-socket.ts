import { once } from "node:events";
import { randomBytes, randomUUID } from "node:crypto";
import { WebSocket } from "ws";
import {
  decodeFrame,
  encodeFrame,
  wireLimits,
  type Cursor,
  type Frame,
  type FrameKind,
  type Head,
  type Send,
} from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import { creationBody } from "./acts.ts";
import type { Reply, TestDevice } from "./device.ts";
import type { TestServer } from "./server.ts";
import { newId } from "../../tools/testkit/ids.ts";

type BodyOf<K extends FrameKind> = Extract<Frame, { kind: K }>["body"];

/** A socket to the relay that speaks raw frames, and keeps what it got until a test asks for it. */
export class RelaySocket {
  readonly socket: WebSocket;
  /** The heads of all frames so far. */
  readonly heads: Head[] = [];
  readonly #received: Frame[] = [];
  #waiting: (() => void)[] = [];
  /** Resolves with the close code. */
  readonly closed: Promise<number>;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once("close", (code) => {
        resolve(code);
        this.#wake();
      });
    });
    socket.on("message", (data) => {
      const frame = decodeFrame(data as Buffer);
      if (frame.kind === "heads") this.heads.push(...frame.body.heads);
      else this.#received.push(frame);
      this.#wake();
    });
  }

  /**
   * An open WebSocket on which nothing has been said.
   * @param options may name the origin of a web page
   */
  static async dial(
    server: Pick<TestServer, "url">,
    options: { readonly origin?: string } = {},
  ): Promise<RelaySocket> {
    const url = `${server.url.replace("http", "ws")}/v1/relay`;
    const socket = new WebSocket(url, "sealdesk.v1", options);
    const relay = new RelaySocket(socket);
    await once(socket, "open");
    return relay;
  }

  /**
   * Connects as `device`, takes the welcome and starts every conversation from its cursor, or from
   * where the device acknowledged last.
   */
  static async open(
    server: Pick<TestServer, "url">,
    device: TestDevice,
    cursors: readonly Cursor[] = [],
  ): Promise<RelaySocket> {
    const relay = await RelaySocket.dial(server);
    relay.send({ kind: "hello", body: helloOf(device) });
    await relay.next("welcome");
    for (const frame of startFrom(relay.heads, cursors)) relay.send(frame);
    return relay;
  }

  send(frame: Frame): void {
    this.socket.send(encodeFrame(frame));
  }

  /** The next frame of this kind; frames of other kinds before it are left for later. */
  async next<K extends FrameKind>(kind: K): Promise<BodyOf<K>> {
    for (;;) {
      const index = this.#received.findIndex((frame) => frame.kind === kind);
      const [found] = index === -1 ? [] : this.#received.splice(index, 1);
      if (found !== undefined) return found.body as BodyOf<K>;
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error(`closed without ${kind}`);
      await this.#change();
    }
  }

  /** Takes `count` deliveries. */
  async deliveries(count: number): Promise<BodyOf<"deliver">[]> {
    const taken: BodyOf<"deliver">[] = [];
    while (taken.length < count) taken.push(await this.next("deliver"));
    return taken;
  }

  /** What has come and was not asked for. */
  pending(): readonly Frame[] {
    return this.#received;
  }

  async post(send: Send): Promise<BodyOf<"accepted"> | BodyOf<"refused">> {
    this.send({ kind: "send", body: send });
    for (;;) {
      const index = this.#received.findIndex(
        ({ kind, body }) =>
          (kind === "accepted" || kind === "refused") &&
          body.clientMessageId === send.clientMessageId,
      );
      const [found] = index === -1 ? [] : this.#received.splice(index, 1);
      if (found !== undefined) return found.body as BodyOf<"accepted"> | BodyOf<"refused">;
      if (this.socket.readyState === WebSocket.CLOSED)
        throw new Error(`closed with ${await this.closed} before an answer`);
      await this.#change();
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async close(): Promise<void> {
    this.socket.terminate();
    await this.closed;
  }
}

/** The first acknowledgement of each conversation. */
export function startFrom(heads: readonly Head[], cursors: readonly Cursor[] = []): Frame[] {
  const known = new Map(cursors.map(({ conversation, seq }) => [conversation, seq]));
  const all = heads.map(({ conversation, acknowledged }) => ({
    conversation,
    seq: known.get(conversation) ?? acknowledged,
  }));
  const frames: Frame[] = [];
  for (let from = 0; from < all.length; from += wireLimits.cursors)
    frames.push({ kind: "ack", body: { cursors: all.slice(from, from + wireLimits.cursors) } });
  return frames;
}

export function helloOf(device: TestDevice, generation = 1) {
  return {
    version: 1,
    accessToken: device.token,
    deviceProof: device.proof("GET", "/v1/relay", { token: device.token }),
    generation,
    includeFinished: false,
  };
}

/** Asks over HTTP for a new conversation. */
export async function requestConversation(
  creator: TestDevice,
  members: readonly Pick<TestDevice, "user">[],
  id = newId<ConversationId>(),
): Promise<Reply> {
  const users = members.map(({ user }) => user);
  const body = await creationBody(creator, users, { id });
  return creator.request("POST", "/v1/conversations", { body });
}

/** Creates a conversation over HTTP. */
export async function createConversation(
  creator: TestDevice,
  members: readonly Pick<TestDevice, "user">[],
): Promise<ConversationId> {
  const reply = await requestConversation(creator, members);
  if (reply.status !== 201) throw new Error(`not created: ${JSON.stringify(reply.body)}`);
  return reply.body.id;
}

/** A well-formed message to `devices`, first under a key of its own unless `keyId` is given. */
export function messageTo(
  conversation: ConversationId,
  devices: readonly TestDevice[],
  options: { readonly keyId?: Uuid; readonly epoch?: number } = {},
): Send {
  const { keyId, epoch = 1 } = options;
  return {
    conversation,
    clientMessageId: newId(),
    epoch,
    keyId: keyId ?? randomUUID(),
    ciphertext: randomBytes(300),
    commitment: randomBytes(32),
    packets:
      keyId === undefined ? devices.map(({ id }) => ({ device: id, bytes: randomBytes(40) })) : [],
  };
}
