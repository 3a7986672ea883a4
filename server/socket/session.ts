import { encodeFrame, type Ack, type AckGap, type Frame } from "../../crypto/wire/frame.ts";
import type { UserId, ConversationId } from "../../crypto/wire/ids.ts";
import type { CursorWriter } from "../../messaging/follow/cursor-writer.ts";
import type { ConversationLog } from "../../messaging/log/conversation-log.ts";
import { decideRelay, type RelayAction } from "../../policies/relay-access.ts";
import type { Channel } from "./channel.ts";
import { Deliveries, type DeliveriesDeps } from "./deliveries.ts";
import type { AuthenticatedHello } from "./handshake.ts";
import { InboundMessages } from "./inbound-messages.ts";
import type { MessageLimits } from "./message-limits.ts";
import type { PresenceBoard } from "./presence.ts";
import type { Reading } from "./reading.ts";
import type { Relay, Subscriber } from "./relay.ts";
import type { SocketObserver } from "./socket-observer.ts";
import { EphemeralEvents, type EphemeralEventsDeps } from "./ephemeral-events.ts";
import { relayLimits } from "../limits.ts";

/** The dependencies of a welcomed connection on the rest of the server. */
export interface ServiceDeps {
  readonly relay: Relay;
  readonly log: Pick<ConversationLog, "post">;
  readonly messageLimits: MessageLimits;
  readonly cursors: Pick<CursorWriter, "acknowledge" | "finish">;
  readonly presence: PresenceBoard;
  readonly announceActivity: EphemeralEventsDeps["announceActivity"];
  readonly readEvents: DeliveriesDeps["readEvents"];
  readonly observer?: SocketObserver | undefined;
  /** Milliseconds of a monotonic clock, not the time of day. */
  readonly monotonic: () => number;
}

/** The effects of a session on its connection. */
export interface SessionEvents {
  readonly transmit: (frame: Uint8Array) => void;
  readonly transmitEphemeral: (frame: Uint8Array) => void;
  /** Called when every message taken so far has been answered. */
  readonly onIdle: () => void;
  readonly onError: (error: unknown) => void;
  readonly reading: Reading;
}

const heartbeatFrame = encodeFrame({ kind: "heartbeat", body: {} });

/**
 * A device on a connection after its welcome: its messages, its deliveries and its ephemeral
 * frames.
 */
export class Session {
  readonly deliveries: Deliveries;
  readonly intake: InboundMessages;
  readonly ephemeral: EphemeralEvents;
  readonly #actor: AuthenticatedHello["actor"];
  readonly #deps: ServiceDeps;
  readonly #events: SessionEvents;

  constructor(
    subscriber: Subscriber,
    channel: Channel,
    actor: AuthenticatedHello["actor"],
    deps: ServiceDeps,
    events: SessionEvents,
  ) {
    this.#actor = actor;
    this.#deps = deps;
    this.#events = events;
    const { relay, readEvents, observer } = deps;
    const { transmit, onIdle, onError, reading } = events;
    const deliveries = new Deliveries({
      actor,
      readEvents,
      transmit,
      observer,
      isClogged: () => channel.bufferedBytes > relayLimits.bufferedBytes,
      onFinished: (conversation, seq, left) => {
        if (left) relay.unfollow(subscriber, conversation);
        deps.cursors.finish(actor.tenant, actor.device, conversation, seq);
      },
      onRestricted: (conversation) => relay.unfollow(subscriber, conversation),
      onError,
    });
    this.deliveries = deliveries;
    const mayPost = (conversation: ConversationId) => this.may("post", conversation);
    const socket = { actor, channel, reading, transmit, deliveries, mayPost, onIdle };
    this.intake = new InboundMessages(deps, socket);
    const { transmitEphemeral } = events;
    this.ephemeral = new EphemeralEvents(deps, {
      identity: actor,
      subscriber,
      maySignal: (conversation) => this.may("signal", conversation),
      transmit: transmitEphemeral,
    });
  }

  /** @returns false for a frame that is not allowed here */
  take(frame: Frame): boolean {
    switch (frame.kind) {
      case "send":
        this.intake.take(frame.body);
        return true;
      case "ack":
        this.#onAck(frame.body);
        return true;
      case "ackGap":
        this.#onAckGap(frame.body);
        return true;
      case "activity":
        this.ephemeral.onActivity(frame.body);
        return true;
      case "presence":
        this.ephemeral.onPresence(frame.body);
        return true;
      case "heartbeat":
        this.#events.transmitEphemeral(heartbeatFrame);
        return true;
      default:
        return false;
    }
  }

  /** Asks the policy whether this device may do `action` in the conversation now. */
  may(action: RelayAction, conversation: ConversationId): boolean {
    const { tenant } = this.#actor;
    const isMember = this.deliveries.isMember(conversation);
    const wasMember = isMember || this.deliveries.headOf(conversation) !== undefined;
    return decideRelay(this.#actor, action, { tenant, isMember, wasMember }).allowed;
  }

  /**
   * Returns whether this device may receive events of a conversation that it is in.
   * @param restrictedTo who may open the conversation, if its processing is restricted
   */
  mayFollow(restrictedTo?: readonly UserId[]): boolean {
    const { tenant } = this.#actor;
    const facts = { tenant, isMember: true, wasMember: true, restrictedTo };
    return decideRelay(this.#actor, "receive", facts).allowed;
  }

  #onAck(ack: Ack): void {
    const { tenant, device } = this.#actor;
    for (const { conversation, seq } of ack.cursors) {
      if (!this.may("acknowledge", conversation)) continue;
      const acked = this.deliveries.onAck(conversation, seq);
      if (acked !== undefined) this.#deps.cursors.acknowledge(tenant, device, conversation, acked);
    }
    this.deliveries.resume();
  }

  #onAckGap({ conversation, to }: AckGap): void {
    const { tenant, device } = this.#actor;
    if (!this.may("acknowledge", conversation)) return;
    if (!this.deliveries.onAckGap(conversation, to)) return;
    this.#deps.cursors.acknowledge(tenant, device, conversation, to);
    this.deliveries.resume();
  }
}
