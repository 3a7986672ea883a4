import { decodeFrame, encodeFrame, type Frame, type Hello } from "../../crypto/wire/frame.ts";
import { WireError } from "../../crypto/wire/wire-error.ts";
import { nilId, type UserId, type DeviceId, type ConversationId } from "../../crypto/wire/ids.ts";
import type { LoggedEvent } from "../../messaging/log/event.ts";
import type { Channel, ChannelEvents } from "./channel.ts";
import type { CloseReason } from "./close-codes.ts";
import type { ConnectionDeps, OpenSocket } from "./connection-deps.ts";
import { erasuresFrame, faultFrame } from "./frames.ts";
import { PROTOCOL_VERSION, type AuthenticatedHello } from "./handshake.ts";
import { HeadTeller } from "./head-teller.ts";
import { Liveness } from "./liveness.ts";
import { Reading } from "./reading.ts";
import type { Identity, Subscriber } from "./relay.ts";
import { Session } from "./session.ts";
import type { Timed } from "./timer-wheel.ts";
import { relayLimits } from "../limits.ts";

/**
 * One socket. The hello comes first; then messages and acknowledgements come in and deliveries go
 * out.
 */
export class Connection implements Subscriber, ChannelEvents, Timed, OpenSocket {
  heardAtMs = 0;
  sinceMicros = 0;
  readonly #channel: Channel;
  readonly #deps: ConnectionDeps;
  readonly #liveness: Liveness;
  readonly #reading: Reading;
  #identity: Identity | undefined;
  #session: Session | undefined;
  #headTeller: HeadTeller | undefined;
  #state: "new" | "joining" | "open" | "draining" | "closed" = "new";
  #onWelcomed: (() => void) | undefined;
  readonly #origin: string | undefined;
  #onClosed: (() => void) | undefined;
  #leaveShares: () => void = () => undefined;

  /**
   * @param onWelcomed called when the device has been welcomed
   * @param origin of the web page that connects, if it is not the server's own
   */
  constructor(channel: Channel, deps: ConnectionDeps, onWelcomed?: () => void, origin?: string) {
    this.#origin = origin;
    this.#channel = channel;
    this.#reading = new Reading(
      channel,
      (frame) => this.#take(frame),
      (call) => this.#inTurn(call),
    );
    this.#onWelcomed = onWelcomed;
    this.#deps = deps;
    this.#liveness = new Liveness(deps.timings, deps.monotonic());
    deps.open.add(this);
    deps.wheel.schedule(this, deps.timings.helloMs);
  }

  get bufferedBytes(): number {
    return this.#channel.bufferedBytes;
  }

  get identity(): Identity | undefined {
    return this.#identity;
  }

  get device(): DeviceId {
    return this.#identity?.device ?? nilId();
  }

  /** Checks whether the device is alive, takes its deliveries, and is still authorised. */
  onDue(nowMs: number): number | undefined {
    const { deliveries } = this.#session ?? {};
    const verdict = this.#liveness.look(nowMs, {
      blocked: deliveries?.blocked === true || this.#channel.bufferedBytes > 0,
      progress: this.#channel.takenBytes + (deliveries?.acknowledged ?? 0),
      paused: this.#reading.paused,
    });
    if (verdict.kind === "close") {
      if (verdict.reason === "stalled") this.#deps.observer?.slowConsumer("closed");
      this.close(verdict.reason);
      return undefined;
    }
    if (verdict.ping) this.#channel.probe();
    return verdict.nextMs;
  }

  onHeard(): void {
    this.#liveness.heard(this.#deps.monotonic());
  }

  onControl(): void {
    this.#count(0);
  }

  /** Counts what the device has sent against its account. */
  #count(bytes: number): void {
    if (this.#identity === undefined || this.#state === "closed") return;
    this.#reading.pauseFor(this.#deps.frameLimits.count(this.#identity, bytes));
  }

  /** Counts the time that a frame took against its tenant. */
  #countTime(ms: number): void {
    if (this.#identity === undefined || this.#state === "closed") return;
    this.#reading.pauseFor(this.#deps.loopShares.count(this.#identity.tenant, ms));
  }

  #inTurn(call: () => void): void {
    if (this.#identity === undefined) return call();
    const { tenant, user } = this.#identity;
    this.#deps.resumptions.add({ tenant, account: user }, call);
  }

  onDrain(): void {
    this.#headTeller?.resume();
    this.#session?.deliveries.resume();
    this.#session?.intake.regulate();
  }

  /** Takes a committed event of a conversation that this connection follows. */
  onEvent(event: LoggedEvent, encoded: () => Uint8Array): void {
    this.#session?.deliveries.onEvent(event, encoded);
  }

  onHead(conversation: ConversationId, seq: number): void {
    this.#session?.deliveries.onHead(conversation, seq);
  }

  headOf(conversation: ConversationId): number | undefined {
    return this.#session?.deliveries.headOf(conversation);
  }

  /**
   * Ignores events before the session begins, because its reads from the database will include
   * them.
   */
  onJoined(conversation: ConversationId, seq: number, restrictedTo?: readonly UserId[]): void {
    if (this.#session?.mayFollow(restrictedTo) !== true) return;
    this.#deps.relay.follow(this, conversation);
    this.#session.deliveries.onJoined(conversation, seq);
  }

  onRestricted(conversation: ConversationId, restrictedTo: readonly UserId[]): void {
    if (this.#session?.mayFollow(restrictedTo) !== false) return;
    this.#deps.relay.unfollow(this, conversation);
    this.#session.deliveries.onRestricted(conversation);
  }

  onLeft(conversation: ConversationId, seq: number): void {
    this.#session?.deliveries.onLeft(conversation, seq);
  }

  close(reason: CloseReason, error?: unknown): void {
    if (this.#state === "closed") return;
    this.#deps.onFault(reason, error);
    this.#channel.close(reason);
    this.onClosed();
  }

  /** Stops reading frames. Messages that were taken before are answered first. */
  drain(): Promise<void> {
    if (this.#state === "closed") return Promise.resolve();
    this.#state = "draining";
    const closed = new Promise<void>((resolve) => {
      this.#onClosed = resolve;
    });
    if (this.#session?.intake.idle !== false) this.close("going_away");
    return closed;
  }

  onFrame(bytes: Uint8Array | undefined): void {
    if (this.#state === "closed" || this.#state === "draining") return;
    this.onHeard();
    if (bytes !== undefined) return this.#reading.take(bytes);
    this.#fault("protocol_error", new WireError("malformed_frame", "Frames are binary messages."));
  }

  #take(bytes: Uint8Array): void {
    if (this.#state === "closed" || this.#state === "draining") return;
    const beganMs = this.#deps.monotonic();
    this.#count(bytes.length);
    try {
      this.#serve(decodeFrame(bytes));
    } catch (error) {
      this.#fault("protocol_error", error);
    }
    this.#countTime(this.#deps.monotonic() - beganMs);
  }

  #serve(frame: Frame): void {
    if (frame.kind === "hello" && this.#state === "new") return void this.#onHello(frame.body);
    if (this.#state === "open" && this.#session?.take(frame) === true) return;
    throw new WireError("malformed_frame", "This frame has no place here.");
  }

  async #onHello(hello: Hello): Promise<void> {
    const { relay } = this.#deps;
    this.#liveness.greeted();
    this.#state = "joining";
    this.heardAtMs = this.#deps.monotonic();
    const expulsions = relay.expulsions;
    try {
      if (hello.version !== PROTOCOL_VERSION)
        throw new WireError(
          "malformed_frame",
          `Only protocol version ${PROTOCOL_VERSION} is spoken.`,
        );
      const authenticated = await this.#deps.authenticate({ hello, origin: this.#origin });
      if (this.#state !== "joining") return;
      // Somebody was disconnected during the handshake. It may have been this device, so check
      // again.
      if (relay.expulsions !== expulsions) return this.close("try_again");
      const { tenant, user, device, session, role } = authenticated.actor;
      if (this.#deps.sockets.take({ tenant, account: user }) !== undefined)
        return this.close("try_again");
      this.#identity = { tenant, user, device, session, role };
      // The later one of two hellos wins, even if the earlier one is answered later.
      this.sinceMicros =
        authenticated.sinceMicros - Math.round((this.#deps.monotonic() - this.heardAtMs) * 1000);
      this.#leaveShares = this.#deps.loopShares.join(tenant, this.#reading);
      relay.join(this, device);
      const begun = this.#begin(authenticated.actor);
      // A store that repeats a generation is an older copy. Acknowledged events may be missing in
      // it.
      const isOlder = authenticated.lastGeneration >= hello.generation;
      const includeFinished = hello.includeFinished || isOlder;
      if (await this.#tellHeads(authenticated.actor, begun, includeFinished))
        this.#open(authenticated, begun);
    } catch (error) {
      const reason =
        error instanceof WireError ? "protocol_error" : this.#deps.closeReasonOf(error);
      this.#fault(reason, error);
    }
  }

  #begin(actor: AuthenticatedHello["actor"]): Session {
    this.#session = new Session(this, this.#channel, actor, this.#deps, {
      transmit: (frame) => this.#transmit(frame),
      transmitEphemeral: (frame) => this.#transmitEphemeral(frame),
      onIdle: () => {
        if (this.#state === "draining") this.close("going_away");
      },
      onError: (error) => this.close("try_again", error),
      reading: this.#reading,
    });
    return this.#session;
  }

  /** @returns false if the connection no longer joins */
  #tellHeads(
    actor: AuthenticatedHello["actor"],
    { deliveries }: Session,
    includeFinished: boolean,
  ): Promise<boolean> {
    this.#headTeller = new HeadTeller({
      subscriber: this,
      channel: this.#channel,
      relay: this.#deps.relay,
      deliveries,
      followed: (who, page) => this.#deps.followed(who, page),
      transmit: (frame) => this.#transmit(frame),
      isJoining: () => this.#state === "joining",
    });
    return this.#headTeller.tell(actor, includeFinished);
  }

  #open(authenticated: AuthenticatedHello, session: Session): void {
    const { deliveries, ephemeral } = session;
    const { relay, wheel, monotonic, timings } = this.#deps;
    const { actor, limits, tokenServesMs, lastGeneration } = authenticated;
    const welcome = { device: actor.device, limits, lastGeneration };
    this.#transmit(encodeFrame({ kind: "welcome", body: welcome }));
    this.#state = "open";
    this.#onWelcomed?.();
    this.#onWelcomed = undefined;
    this.#liveness.expiresAt(monotonic() + tokenServesMs);
    wheel.schedule(this, Math.min(timings.pingEveryMs, timings.stallMs / 3, tokenServesMs));
    deliveries.open();
    const conversations = relay
      .conversationsOf(this)
      .filter((conversation) => session.may("signal", conversation));
    ephemeral.tellPresent(relay.usersIn(conversations));
    this.#deps.presentElsewhere(actor.tenant, conversations).then(
      (users) => ephemeral.tellPresent(users),
      // Presence may be lost. The next announcement of the other nodes corrects it.
      () => undefined,
    );
  }

  #transmit(frame: Uint8Array): void {
    if (this.#state !== "closed") this.#channel.transmit(frame);
  }

  onEphemeral(conversation: ConversationId, frame: Uint8Array): void {
    if (this.#state === "joining") return;
    if (this.#session?.may("signal", conversation) === true) this.#transmitEphemeral(frame);
  }

  onErasures(): void {
    if (this.#state === "open") this.#transmitEphemeral(erasuresFrame);
  }

  /** Sends an ephemeral frame, unless durable frames wait already. */
  #transmitEphemeral(frame: Uint8Array): void {
    if (this.#channel.bufferedBytes <= relayLimits.bufferedBytesOfEphemeral) this.#transmit(frame);
    else this.#deps.observer?.slowConsumer("dropped_ephemeral");
  }

  /** Tells the device the fault, then closes. */
  #fault(reason: CloseReason, error: unknown): void {
    this.#transmit(faultFrame(reason, error));
    this.close(reason, error);
  }

  onClosed(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#headTeller?.resume();
    this.#reading.end();
    this.#leaveShares();
    this.#deps.open.delete(this);
    this.#deps.wheel.cancel(this);
    if (this.#identity !== undefined) {
      const { relay, presence, sockets } = this.#deps;
      sockets.release({ tenant: this.#identity.tenant, account: this.#identity.user });
      presence.leave(this.#identity, relay.conversationsOf(this));
      relay.leave(this, this.#identity.device);
    }
    this.#session?.deliveries.close();
    this.#onClosed?.();
  }
}
