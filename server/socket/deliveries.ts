import { OverloadError } from "../../db/fairness/overload-error.ts";
import { runFor } from "../../db/fairness/requester.ts";
import { decodeControl, encodeFrame } from "../../crypto/wire/frame.ts";
import type { DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import type { EventsRequest } from "../../messaging/follow/event-rows.ts";
import type { Followed } from "../../messaging/follow/visible-ranges.ts";
import type { DeliverableEvent, ErasedEvent, LoggedEvent } from "../../messaging/log/event.ts";
import type { AcceptedMessage } from "../../messaging/log/head.ts";
import { MessagingError } from "../../messaging/messaging-error.ts";
import { Follower } from "./follower.ts";
import { acceptedFrame, deliverFrame } from "./frames.ts";
import type { AuthenticatedHello } from "./handshake.ts";
import type { SocketObserver } from "./socket-observer.ts";
import { relayLimits } from "../limits.ts";

export interface DeliveriesDeps {
  readonly actor: AuthenticatedHello["actor"];
  readonly readEvents: (
    request: EventsRequest,
  ) => Promise<readonly (DeliverableEvent | ErasedEvent)[]>;
  readonly transmit: (frame: Uint8Array) => void;
  readonly observer?: SocketObserver | undefined;
  /** True while the socket has buffered more than it should. */
  readonly isClogged: () => boolean;
  /**
   * Called when the device has acknowledged event `seq`, the last one that it may see. `left` is true
   * if it is no longer a member.
   */
  readonly onFinished: (conversation: ConversationId, seq: number, left: boolean) => void;
  /** Called when the device may not open a conversation any more, because its processing is restricted. */
  readonly onRestricted: (conversation: ConversationId) => void;
  readonly onError: (error: unknown) => void;
}

/** The time before a read is repeated that found the database overloaded, in milliseconds. */
const RETRY_READ_MS = 1_000;

const PAGE = 64;
/**
 * The number of conversations of one connection that are read at the same time, while the window
 * has room.
 */
const PARALLEL_READS = 64;

/**
 * Sends events to one connection. A live follower receives an event straight from the commit. A
 * follower that is behind, or whose window is full, reads pages from the database until it is live
 * again. The memory of a connection is therefore bounded, even if the device reads slowly. No event
 * is sent before `open`.
 */
export class Deliveries {
  readonly #deps: DeliveriesDeps;
  readonly #followers = new Map<ConversationId, Follower>();
  /** Followers that are not live, in order of arrival. */
  readonly #waiting = new Set<Follower>();
  #reads = 0;
  /** Upper bound of the events that are being read. They have their place in the window. */
  #asked = 0;
  /**
   * Own messages that were answered when they were published, before the sender's promise resolved. Most connections
   * are idle and never have one.
   */
  #answered: Set<AcceptedMessage> | undefined;
  #unacknowledged = 0;
  #acknowledged = 0;
  #state: "held" | "open" | "closed" = "held";

  constructor(deps: DeliveriesDeps) {
    this.#deps = deps;
  }

  /** Returns how many deliveries have been acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** True while there is more to send and the device is not ready for it. */
  get blocked(): boolean {
    return this.#state === "open" && this.#waiting.size > 0 && !this.#mayTransmit();
  }

  /** Follows a conversation from the database. It sends nothing of it before the first `onAck`. */
  follow({ conversation, head, closed, ranges, cursor }: Followed): void {
    const follower = new Follower(conversation, head, ranges);
    follower.closed = closed;
    follower.stored = cursor;
    const earlier = this.#followers.get(conversation);
    if (earlier !== undefined) {
      follower.absorb(earlier);
      this.#waiting.delete(earlier);
    }
    this.#followers.set(conversation, follower);
  }

  /** Begins to send. */
  open(): void {
    if (this.#state === "held") this.#state = "open";
    this.resume();
  }

  onJoined(conversation: ConversationId, seq: number): void {
    const follower = this.#followers.get(conversation);
    if (follower !== undefined) {
      follower.resumeFrom(seq);
      if (follower.behind) this.#waiting.add(follower);
      this.resume();
      return;
    }
    const range = { fromSeq: seq, untilSeq: undefined };
    const joined = new Follower(conversation, seq - 1, [range]);
    joined.start(seq - 1);
    joined.synced = true;
    this.#followers.set(conversation, joined);
  }

  onHead(conversation: ConversationId, seq: number): void {
    const follower = this.#followers.get(conversation);
    if (follower === undefined || follower.head >= seq) return;
    follower.head = seq;
    if (!follower.started) return;
    this.#waiting.add(follower);
    this.resume();
  }

  /**
   * Returns the last event of the conversation's log that is known here; undefined when it is not
   * followed.
   */
  headOf(conversation: ConversationId): number | undefined {
    return this.#followers.get(conversation)?.head;
  }

  onLeft(conversation: ConversationId, seq: number): void {
    this.#followers.get(conversation)?.endAt(seq);
  }

  /**
   * Forgets a conversation whose processing is restricted, with what was sent and not acknowledged. When the restriction
   * ends, the device follows it again from its cursor.
   */
  onRestricted(conversation: ConversationId): void {
    const follower = this.#followers.get(conversation);
    if (follower === undefined) return;
    this.#followers.delete(conversation);
    this.#waiting.delete(follower);
    this.#unacknowledged -= follower.unacknowledged;
    this.resume();
  }

  onEvent(event: LoggedEvent, encoded: () => Uint8Array): void {
    const follower = this.#followers.get(event.conversation);
    if (follower === undefined || event.seq <= follower.head) return;
    const live = !follower.behind && !follower.reading && follower.sent === event.seq - 1;
    follower.head = event.seq;
    if (event.kind === "closed") follower.closed = true;
    if (!follower.started) return;
    const ready = this.#mayTransmit();
    if (!live || !ready) {
      if (live && !ready) this.#deps.observer?.slowConsumer("caught_up_from_log");
      this.#waiting.add(follower);
      this.resume();
      return;
    }
    if (event.seq > follower.target) return;
    const own = event.kind === "message" && event.senderDevice === this.#deps.actor.device;
    if (own) (this.#answered ??= new Set()).add(event);
    const packet = event.packets.find(({ device }) => device === this.#deps.actor.device)?.bytes;
    if (!own) this.#deps.observer?.delivered("commit");
    if (own) this.#deps.transmit(acceptedFrame(event));
    else if (packet === undefined) this.#deps.transmit(encoded());
    else this.#deps.transmit(deliverFrame({ ...event, packet }));
    this.#sent(follower, event.seq);
  }

  /** True while the device belongs to a member, as of the last commit. */
  isMember(conversation: ConversationId): boolean {
    return this.#followers.get(conversation)?.isMember === true;
  }

  /** True when the sender of this message has already received `accepted`. */
  hasAnswered(message: AcceptedMessage): boolean {
    return this.#answered?.delete(message) === true;
  }

  /**
   * Records that the device knows everything up to event `seq`. The first time, this starts the
   * conversation. Call `resume` to continue.
   * @returns the acknowledged seq, if the database may not know it
   */
  onAck(conversation: ConversationId, seq: number): number | undefined {
    const follower = this.#followers.get(conversation);
    if (follower === undefined) return undefined;
    if (!follower.started) {
      follower.start(seq);
      this.#waiting.add(follower);
      const known = Math.min(seq, follower.head);
      return known > follower.stored ? known : undefined;
    }
    this.#acknowledge(follower.markAcked(seq));
    const { acked } = follower;
    this.#settle(follower);
    return acked;
  }

  /**
   * Records that the device knows of a gap up to event `to`. Call `resume` to continue after it.
   * @returns false when the device was not told of such a gap
   */
  onAckGap(conversation: ConversationId, to: number): boolean {
    const follower = this.#followers.get(conversation);
    if (follower?.gap === undefined || follower.gap.to !== to) return false;
    this.#acknowledge(follower.skipGap());
    this.#waiting.add(follower);
    this.#settle(follower);
    return true;
  }

  /** Continues with followers that are behind, as far as the window and the buffer allow. */
  resume(): void {
    for (const follower of this.#waiting) {
      if (this.#reads >= PARALLEL_READS || !this.#mayRead()) return;
      if (!follower.reading && follower.gap === undefined) this.#catchUp(follower);
    }
  }

  close(): void {
    this.#state = "closed";
    this.#followers.clear();
    this.#waiting.clear();
    this.#answered = undefined;
  }

  #mayTransmit(): boolean {
    return (
      this.#state === "open" &&
      this.#unacknowledged < relayLimits.unacknowledged &&
      !this.#deps.isClogged()
    );
  }

  #mayRead(): boolean {
    return this.#mayTransmit() && this.#unacknowledged + this.#asked < relayLimits.unacknowledged;
  }

  #catchUp(follower: Follower): void {
    follower.reading = true;
    this.#reads++;
    this.#readPages(follower)
      .catch(async (error: unknown) => {
        if (this.#state === "closed") return;
        if (isRestriction(error)) {
          this.#deps.onRestricted(follower.conversation);
          return this.onRestricted(follower.conversation);
        }
        if (!(error instanceof OverloadError)) return this.#deps.onError(error);
        // Too much waits already. The device keeps its connection and is served later.
        await new Promise((resolve) => setTimeout(resolve, RETRY_READ_MS));
      })
      .finally(() => {
        follower.reading = false;
        this.#reads--;
        this.resume();
      });
  }

  async #readPages(follower: Follower): Promise<void> {
    const { conversation } = follower;
    const { actor } = this.#deps;
    const { tenant, user, device } = actor;
    while (follower.behind && follower.range !== undefined && this.#mayRead()) {
      const { next, target, range } = follower;
      const untilSeq = Math.min(target, range.untilSeq ?? target);
      const room = relayLimits.unacknowledged - this.#unacknowledged - this.#asked;
      const limit = Math.max(1, Math.min(PAGE, room, untilSeq - next + 1));
      this.#asked += limit;
      const request = { tenant, conversation, device, reader: actor, afterSeq: next - 1, untilSeq };
      const events = await runFor({ tenant, account: user }, () =>
        this.#deps.readEvents({ ...request, limit }),
      ).finally(() => (this.#asked -= limit));
      if (this.#state === "closed") return;
      const [first] = events;
      // A head from another node is only a hint. The database decides.
      if (first === undefined && range.untilSeq === undefined) {
        follower.head = follower.sent;
        break;
      }
      if (first?.seq !== next) {
        const to = (first?.seq ?? Math.min(target, range.untilSeq ?? target) + 1) - 1;
        this.#tellGap(follower, next, to, "purged");
        return;
      }
      if (first.kind === "erased") {
        const readable = events.findIndex(
          ({ kind, seq }, index) => kind !== "erased" || seq !== next + index,
        );
        this.#tellGap(
          follower,
          next,
          next + (readable < 0 ? events.length : readable) - 1,
          "erased",
        );
        return;
      }
      for (const event of events) {
        // A hole inside the page begins the next page. A removal since the page was requested ends
        // it.
        const isNext = event.seq === follower.next && event.seq <= follower.target;
        if (!isNext || event.kind === "erased") break;
        if (endsMembership(event, device)) follower.narrowTo(event.seq);
        if (event.kind === "closed") follower.closed = true;
        this.#deps.transmit(deliverFrame(event));
        this.#deps.observer?.delivered("log");
        this.#sent(follower, event.seq);
      }
    }
    if (this.#state === "closed" || follower.behind) return;
    this.#waiting.delete(follower);
    if (follower.synced) return;
    follower.synced = true;
    this.#deps.transmit(
      encodeFrame({ kind: "synced", body: { conversation, seq: follower.sent } }),
    );
    this.#settle(follower);
  }

  /**
   * Tells the device of a gap. An event that was committed and cannot be read was purged, or its
   * key was destroyed.
   */
  #tellGap(follower: Follower, from: number, to: number, reason: "purged" | "erased"): void {
    const { conversation } = follower;
    follower.gap = { from, to };
    this.#waiting.delete(follower);
    this.#deps.observer?.gap();
    this.#deps.transmit(encodeFrame({ kind: "gap", body: { conversation, from, to, reason } }));
  }

  #acknowledge(count: number): void {
    this.#unacknowledged -= count;
    this.#acknowledged += count;
  }

  #sent(follower: Follower, seq: number): void {
    const before = follower.unacknowledged;
    follower.markSent(seq);
    this.#unacknowledged += follower.unacknowledged - before;
  }

  /** Reports a conversation that is finished. It is dropped if the device left it. */
  #settle(follower: Follower): void {
    if (!follower.synced || !follower.finished) return;
    const { conversation, acked, range } = follower;
    if (range === undefined) {
      this.#followers.delete(conversation);
      this.#waiting.delete(follower);
    }
    this.#deps.onFinished(conversation, Math.min(acked, follower.head), range === undefined);
  }
}

/** True if the read was refused because the processing of the conversation is restricted. */
const isRestriction = (error: unknown): boolean =>
  error instanceof MessagingError && error.code === "processing_restricted";

/** True for the event that removed the device. The device may see nothing after it. */
function endsMembership(event: DeliverableEvent, device: DeviceId): boolean {
  if (event.kind === "message") return false;
  const { members } = decodeControl(event.ciphertext);
  return !members.some(({ devices }) => devices.includes(device));
}
