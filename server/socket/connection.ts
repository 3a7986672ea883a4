import {
  decodeFrame,
  encodeFrame,
  type Ack,
  type Hello,
  type Send,
} from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { nilUuid } from "../../crypto/wire/event.ts";
import { WireError } from "../../crypto/wire/wire-error.ts";
import type { CursorWriter } from "../../messaging/follow/cursor-writer.ts";
import type { EventsRequest } from "../../messaging/follow/read-events.ts";
import type { ConversationLog } from "../../messaging/log/conversation-log.ts";
import type { DeliverableEvent, LoggedEvent } from "../../messaging/log/event.ts";
import type { PostOutcome } from "../../messaging/log/plan-messages.ts";
import type { Followed } from "../../messaging/follow/visible-ranges.ts";
import { MessagingError } from "../../messaging/messaging-error.ts";
import type { Channel, ChannelEvents } from "./channel.ts";
import type { CloseReason } from "./close-codes.ts";
import { Deliveries, type DeliveriesDeps } from "./deliveries.ts";
import { acceptedFrame, admissionRefusedFrame, refusedFrame } from "./frames.ts";
import { PROTOCOL_VERSION, type Greeting, type HandshakeSteps } from "./handshake.ts";
import type { Relay, Subscriber } from "./relay.ts";

/** What one socket needs of the rest of the server. */
export interface ConnectionDeps extends HandshakeSteps {
  readonly relay: Relay;
  readonly log: Pick<ConversationLog, "post">;
  readonly cursors: Pick<CursorWriter, "acknowledge">;
  readonly readEvents: (request: EventsRequest) => Promise<readonly DeliverableEvent[]>;
  readonly onDelivered?: DeliveriesDeps["onDelivered"];
  /** Why a socket was given up, for the log: never called with anything from its frames. */
  readonly onFault: (reason: CloseReason, error?: unknown) => void;
  readonly closeReasonOf: (error: unknown) => CloseReason;
}

const HELLO_TIMEOUT_MS = 10_000;
const MAX_BUFFERED_BYTES = 1024 * 1024;
const SNAPSHOT_ATTEMPTS = 10;
/** Messages being stored for one socket; above it the socket is not read from. */
const MAX_UNANSWERED = 512;

/** One socket: hello first, then messages and acknowledgements in, deliveries out. */
export class Connection implements Subscriber, ChannelEvents {
  device: Uuid = nilUuid;
  readonly #channel: Channel;
  readonly #deps: ConnectionDeps;
  readonly #helloTimer: NodeJS.Timeout;
  #greeting: Greeting | undefined;
  #deliveries: Deliveries | undefined;
  #unanswered = 0;
  #state: "new" | "joining" | "open" | "closed" = "new";

  constructor(channel: Channel, deps: ConnectionDeps) {
    this.#channel = channel;
    this.#deps = deps;
    this.#helloTimer = setTimeout(() => this.close("hello_timeout"), HELLO_TIMEOUT_MS);
  }

  get session(): Uuid {
    return this.#greeting?.actor.session ?? nilUuid;
  }

  onDrain(): void {
    this.#deliveries?.resume();
  }

  /** A committed event of a conversation this connection follows. */
  onEvent(event: LoggedEvent, encoded: () => Uint8Array): void {
    this.#deliveries?.onEvent(event, encoded);
  }

  onHead(conversation: Uuid, seq: number): void {
    this.#deliveries?.onHead(conversation, seq);
  }

  /** Before the first snapshot is in, this is left to the snapshot. */
  onJoined(conversation: Uuid, seq: number): void {
    if (this.#deliveries === undefined) return;
    this.#deps.relay.follow(this, conversation);
    this.#deliveries.onJoined(conversation, seq);
  }

  onLeft(conversation: Uuid, seq: number): void {
    this.#deliveries?.onLeft(conversation, seq);
  }

  close(reason: CloseReason, error?: unknown): void {
    if (this.#state === "closed") return;
    this.#deps.onFault(reason, error);
    this.#channel.close(reason);
    this.onClosed();
  }

  onFrame(bytes: Uint8Array | undefined): void {
    if (this.#state === "closed") return;
    try {
      if (bytes === undefined)
        throw new WireError("malformed_frame", "Frames are binary messages.");
      const frame = decodeFrame(bytes);
      if (frame.kind === "hello" && this.#state === "new") void this.#onHello(frame.body);
      else if (frame.kind === "send" && this.#state === "open") this.#onSend(frame.body);
      else if (frame.kind === "ack" && this.#state === "open") this.#onAck(frame.body);
      else throw new WireError("malformed_frame", "This frame has no place here.");
    } catch (error) {
      this.#fault("protocol_error", error);
    }
  }

  async #onHello(hello: Hello): Promise<void> {
    clearTimeout(this.#helloTimer);
    this.#state = "joining";
    try {
      if (hello.version !== PROTOCOL_VERSION)
        throw new WireError(
          "malformed_frame",
          `Only protocol version ${PROTOCOL_VERSION} is spoken.`,
        );
      const greeting = await this.#deps.authenticate(hello);
      if (this.#isClosed()) return;
      this.#greeting = greeting;
      this.device = greeting.actor.device;
      this.#deps.relay.join(this, this.device);
      await this.#follow(greeting, hello);
    } catch (error) {
      const reason =
        error instanceof WireError ? "protocol_error" : this.#deps.closeReasonOf(error);
      this.#fault(reason, error);
    }
  }

  /** Takes a snapshot of what to follow, again if it is overtaken by a change of members. */
  async #follow(greeting: Greeting, hello: Hello): Promise<void> {
    const { relay } = this.#deps;
    for (let attempt = 0; attempt < SNAPSHOT_ATTEMPTS; attempt++) {
      const mark = relay.mark();
      const followed = await this.#deps.followed(greeting.actor);
      if (this.#isClosed()) return;
      const published = relay.publishedSince(mark);
      if (published === undefined) continue;
      const deliveries = this.#open(greeting, followed, hello);
      for (const [conversation, seq] of published) deliveries.onHead(conversation, seq);
      deliveries.resume();
      return;
    }
    this.close("try_again");
  }

  #open(greeting: Greeting, followed: readonly Followed[], hello: Hello): Deliveries {
    const heads = followed.map(({ conversation, head, epoch }) => ({
      conversation,
      seq: head,
      epoch,
    }));
    const { device } = this;
    this.#transmit(
      encodeFrame({ kind: "welcome", body: { device, heads, limits: greeting.limits } }),
    );
    const deliveries = new Deliveries({
      actor: greeting.actor,
      readEvents: this.#deps.readEvents,
      transmit: (frame) => this.#transmit(frame),
      onDelivered: this.#deps.onDelivered,
      isClogged: () => this.#channel.bufferedBytes > MAX_BUFFERED_BYTES,
      onDone: (conversation) => this.#deps.relay.unfollow(this, conversation),
      onError: (error) => this.close("try_again", error),
    });
    this.#deliveries = deliveries;
    this.#state = "open";
    const cursors = new Map(hello.cursors.map(({ conversation, seq }) => [conversation, seq]));
    for (const each of followed) {
      this.#deps.relay.follow(this, each.conversation);
      deliveries.follow(each, cursors.get(each.conversation) ?? each.cursor);
    }
    return deliveries;
  }

  #onSend(send: Send): void {
    const { tenant, device } = this.#greeting?.actor ?? { tenant: nilUuid, device: nilUuid };
    this.#unanswered++;
    if (this.#unanswered === MAX_UNANSWERED) this.#channel.pause();
    this.#deps.log.post({ tenant, senderDevice: device, send }).then(
      (outcome) => {
        this.#answer(send, outcome);
        this.#readOn();
      },
      (error: unknown) => {
        const code = error instanceof MessagingError ? error.code : "unavailable";
        this.#transmit(refusedFrame(send, code));
        this.#readOn();
      },
    );
  }

  /** One message fewer is being stored for this socket. */
  #readOn(): void {
    this.#unanswered--;
    if (this.#unanswered === MAX_UNANSWERED / 2) this.#channel.resume();
  }

  #answer(send: Send, outcome: PostOutcome): void {
    if (!outcome.accepted)
      this.#transmit(admissionRefusedFrame(send, outcome.refusal, outcome.head));
    else if (this.#deliveries?.hasAnswered(outcome.message) !== true)
      this.#transmit(acceptedFrame(outcome.message));
  }

  #onAck(ack: Ack): void {
    const { tenant, device } = this.#greeting?.actor ?? { tenant: nilUuid, device: nilUuid };
    for (const { conversation, seq } of ack.cursors) {
      const acked = this.#deliveries?.onAck(conversation, seq);
      if (acked !== undefined) this.#deps.cursors.acknowledge(tenant, device, conversation, acked);
    }
    this.#deliveries?.resume();
  }

  #transmit(frame: Uint8Array): void {
    if (this.#state !== "closed") this.#channel.transmit(frame);
  }

  /** Tells the device what was wrong, then closes. */
  #fault(reason: CloseReason, error: unknown): void {
    const code = (error as { code?: unknown } | null)?.code;
    this.#transmit(
      encodeFrame({
        kind: "fault",
        body: {
          code: typeof code === "string" ? code : reason,
          message: error instanceof WireError ? error.message : `Closed: ${reason}.`,
          retryAfterMs: 0,
        },
      }),
    );
    this.close(reason, error);
  }

  #isClosed(): boolean {
    return this.#state === "closed";
  }

  onClosed(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    clearTimeout(this.#helloTimer);
    if (this.#greeting !== undefined) this.#deps.relay.leave(this, this.device);
    this.#deliveries?.close();
  }
}
