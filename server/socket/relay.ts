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
  /** Of a device's sockets, on any node, the one with the latest stays. */
  readonly since: number;
  /** The conversation's last event it knows of; undefined when it does not follow it. */
  headOf(conversation: Uuid): number | undefined;
  /** An event of a conversation it follows was committed; `encoded` gives the frame without a packet. */
  onEvent(event: LoggedEvent, encoded: () => Uint8Array): void;
  onHead(conversation: Uuid, seq: number): void;
  onJoined(conversation: Uuid, seq: number): void;
  onLeft(conversation: Uuid, seq: number): void;
  /** Something that may be lost, for members of the conversation. */
  onWhisper(conversation: Uuid, frame: Uint8Array): void;
  close(reason: CloseReason): void;
}

/** What the sockets of this node follow in one tenant. */
export interface Served {
  readonly connected: { readonly device: Uuid; readonly session: Uuid }[];
  /** Every pair of a device and a conversation it follows. */
  readonly follows: { readonly device: Uuid; readonly conversation: Uuid }[];
  /** By conversation, the last event that all who follow it know of. */
  readonly heads: Map<Uuid, number>;
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
  readonly #onJoin: (device: Uuid, since: number) => void;

  /** @param onJoin told of every socket that became a device's one socket. */
  constructor(onJoin: (device: Uuid, since: number) => void = () => undefined) {
    this.#onJoin = onJoin;
  }

  /** Sockets past their hello. */
  get size(): number {
    return this.#byDevice.size;
  }

  /**
   * Makes this the device's one socket; an earlier one is displaced. One that was held up while a
   * later one was let in is itself the earlier.
   */
  join(subscriber: Subscriber, device: Uuid): void {
    const present = this.#byDevice.get(device);
    if (present !== undefined && present.since > subscriber.since)
      return subscriber.close("displaced");
    this.#byDevice.set(device, subscriber);
    present?.close("displaced");
    this.#onJoin(device, subscriber.since);
  }

  /**
   * The device has a socket on another node. Displaces the one here when it is older.
   * @returns since when the one here is, if it is the newer one and the other must go.
   */
  joinedElsewhere(device: Uuid, since: number): number | undefined {
    const here = this.#byDevice.get(device);
    if (here === undefined || here.since === since) return undefined;
    if (here.since > since) return here.since;
    here.close("displaced");
    return undefined;
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
    this.#recent[this.#published++ % RECENT_HEADS] = [conversation, seq];
    for (const subscriber of this.#byConversation.get(conversation) ?? [])
      subscriber.onHead(conversation, seq);
  }

  /** A membership changed on another node: snapshots being taken are taken again. */
  membershipChanged(): void {
    this.#membershipChanged = ++this.#published;
  }

  /** The device is a member since event `fromSeq`, and the log reaches to `head`. */
  deviceJoined(device: Uuid, conversation: Uuid, fromSeq: number, head: number): void {
    const subscriber = this.#byDevice.get(device);
    subscriber?.onJoined(conversation, fromSeq);
    subscriber?.onHead(conversation, head);
  }

  /** The session that a device is connected with. */
  sessionOf(device: Uuid): Uuid | undefined {
    return this.#byDevice.get(device)?.identity?.session;
  }

  /** Sockets past their hello, by device, with since when they are. */
  online(): [device: Uuid, since: number][] {
    return Array.from(this.#byDevice, ([device, { since }]) => [device, since]);
  }

  /** What is followed here, by tenant. */
  served(): Map<Uuid, Served> {
    const tenants = new Map<Uuid, Served>();
    for (const [device, subscriber] of this.#byDevice) {
      const { identity } = subscriber;
      if (identity === undefined) continue;
      const { tenant, session } = identity;
      let served = tenants.get(tenant);
      if (served === undefined)
        tenants.set(tenant, (served = { connected: [], follows: [], heads: new Map() }));
      served.connected.push({ device, session });
      for (const conversation of this.#followed.get(subscriber) ?? []) {
        const head = subscriber.headOf(conversation);
        if (head === undefined) continue;
        served.follows.push({ device, conversation });
        served.heads.set(conversation, Math.min(head, served.heads.get(conversation) ?? head));
      }
    }
    return tenants;
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
