import type { Uuid } from "../../crypto/wire/uuid.ts";
import { decodeControl } from "../../crypto/wire/frame.ts";
import type { LoggedEvent } from "../../messaging/log/event.ts";
import { deliverFrame } from "./frames.ts";
import type { CloseReason } from "./close-codes.ts";

/** Who is on a socket. */
export interface Identity {
  readonly tenant: Uuid;
  readonly user: Uuid;
  readonly device: Uuid;
  readonly session: Uuid;
}

/** A socket, as far as the relay needs to know it. */
export interface Subscriber {
  readonly device: Uuid;
  /** Undefined before hello. */
  readonly identity: Identity | undefined;
  /** An event of a conversation it follows was committed; `encoded` gives the frame without a packet. */
  onEvent(event: LoggedEvent, encoded: () => Uint8Array): void;
  onHead(conversation: Uuid, seq: number): void;
  onJoined(conversation: Uuid, seq: number): void;
  onLeft(conversation: Uuid, seq: number): void;
  /** Something that may be lost, for members of the conversation. */
  onWhisper(conversation: Uuid, frame: Uint8Array): void;
  close(reason: CloseReason): void;
}

/** Heads published lately, for sockets that were looking up what to follow meanwhile. */
const RECENT_HEADS = 8192;

/** Which sockets follow what on this node, and the way from a commit to them. */
export class Relay {
  readonly #byDevice = new Map<Uuid, Subscriber>();
  readonly #byConversation = new Map<Uuid, Set<Subscriber>>();
  readonly #followed = new Map<Subscriber, Set<Uuid>>();

  /** A ring of the last heads published, and how many there were ever. */
  readonly #recent: (readonly [conversation: Uuid, seq: number])[] = [];
  #published = 0;
  /** `#published` when a membership last changed. */
  #membershipChanged = 0;
  #expulsions = 0;

  /** Sockets past their hello. */
  get size(): number {
    return this.#byDevice.size;
  }

  /** Makes this the device's one socket; an earlier one is displaced. */
  join(subscriber: Subscriber, device: Uuid): void {
    const earlier = this.#byDevice.get(device);
    this.#byDevice.set(device, subscriber);
    earlier?.close("displaced");
  }

  leave(subscriber: Subscriber, device: Uuid): void {
    if (this.#byDevice.get(device) === subscriber) this.#byDevice.delete(device);
    for (const conversation of this.#followed.get(subscriber) ?? [])
      this.unfollow(subscriber, conversation);
    this.#followed.delete(subscriber);
  }

  follow(subscriber: Subscriber, conversation: Uuid): void {
    addTo(this.#byConversation, conversation, subscriber);
    addTo(this.#followed, subscriber, conversation);
  }

  unfollow(subscriber: Subscriber, conversation: Uuid): void {
    const followers = this.#byConversation.get(conversation);
    followers?.delete(subscriber);
    if (followers?.size === 0) this.#byConversation.delete(conversation);
    this.#followed.get(subscriber)?.delete(conversation);
  }

  /** Takes committed events, in log order per conversation, to the sockets they are for. */
  publish(events: readonly LoggedEvent[]): void {
    for (const event of events) {
      this.#recent[this.#published++ % RECENT_HEADS] = [event.conversation, event.seq];
      if (event.kind !== "message") this.#applyMembership(event);
      const followers = this.#byConversation.get(event.conversation);
      if (followers === undefined) continue;
      const encode = once(() => deliverFrame(event));
      for (const subscriber of followers) subscriber.onEvent(event, encode);
    }
  }

  /** Where publishing stands now; see `publishedSince`. */
  mark(): number {
    return this.#published;
  }

  /**
   * Heads published after `mark`, so that a snapshot taken in between can be brought up to now.
   * @returns undefined when they are not kept any more, or a membership changed: take it again.
   */
  publishedSince(mark: number): readonly (readonly [Uuid, number])[] | undefined {
    const count = this.#published - mark;
    if (count > RECENT_HEADS || this.#membershipChanged > mark) return undefined;
    return Array.from(
      { length: count },
      (_, index) => this.#recent[(mark + index) % RECENT_HEADS],
    ).filter((head) => head !== undefined);
  }

  /** The conversation's log reaches to `seq`; whoever has not been sent that far reads on. */
  announceHead(conversation: Uuid, seq: number): void {
    for (const subscriber of this.#byConversation.get(conversation) ?? [])
      subscriber.onHead(conversation, seq);
  }

  /** Conversations that a socket follows. */
  conversationsOf(subscriber: Subscriber): readonly Uuid[] {
    return [...(this.#followed.get(subscriber) ?? [])];
  }

  /** Users with sockets on this node who follow one of these conversations. */
  usersIn(conversations: Iterable<Uuid>): ReadonlySet<Uuid> {
    const users = new Set<Uuid>();
    for (const conversation of conversations)
      for (const { identity } of this.#byConversation.get(conversation) ?? [])
        if (identity !== undefined) users.add(identity.user);
    return users;
  }

  /** Takes a frame that may be lost to the sockets in the conversation that `isFor` says yes to. */
  whisper(conversation: Uuid, frame: Uint8Array, isFor: (subscriber: Subscriber) => boolean): void {
    for (const subscriber of this.#byConversation.get(conversation) ?? [])
      if (isFor(subscriber)) subscriber.onWhisper(conversation, frame);
  }

  /** How often somebody was disconnected: a socket that is being let in may be one of them. */
  get expulsions(): number {
    return this.#expulsions;
  }

  /** Closes the sockets of one device, one session, one user or one tenant on this node. */
  disconnect(whose: Partial<Identity>, reason: CloseReason): void {
    this.#expulsions++;
    const parts = Object.entries(whose) as [keyof Identity, Uuid][];
    for (const subscriber of this.#byDevice.values())
      if (parts.every(([part, id]) => subscriber.identity?.[part] === id)) subscriber.close(reason);
  }

  #applyMembership(event: LoggedEvent): void {
    this.#membershipChanged = this.#published;
    const members = decodeControl(event.ciphertext).members.flatMap((member) => member.devices);
    const devices = new Set(members);
    for (const device of devices)
      this.#byDevice.get(device)?.onJoined(event.conversation, event.seq);
    for (const subscriber of this.#byConversation.get(event.conversation) ?? [])
      if (!devices.has(subscriber.device)) subscriber.onLeft(event.conversation, event.seq);
  }
}

function addTo<K, V>(sets: Map<K, Set<V>>, key: K, value: V): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([value]));
  else set.add(value);
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
