import { decodeControl } from "../../crypto/wire/frame.ts";
import type {
  TenantId,
  UserId,
  DeviceId,
  ConversationId,
  SessionId,
} from "../../crypto/wire/ids.ts";
import type { Joined } from "../../messaging/follow/find-joined.ts";
import type { Restricted } from "../../messaging/follow/find-restricted.ts";
import type { LoggedEvent } from "../../messaging/log/event.ts";
import { deliverFrame } from "./frames.ts";
import type { Connected } from "../../identity/tokens/find-ended.ts";
import type { Role } from "../../policies/actor.ts";
import type { CloseReason } from "./close-codes.ts";

/** The user and device that have authenticated on a socket. */
export interface Identity {
  readonly tenant: TenantId;
  readonly user: UserId;
  readonly device: DeviceId;
  readonly session: SessionId;
  /** The account's role when the device was welcomed. */
  readonly role: Role;
}

/** The properties of a socket that the relay needs. */
export interface Subscriber {
  readonly device: DeviceId;
  /** Undefined before hello. */
  readonly identity: Identity | undefined;
  /** When this node heard its hello, in milliseconds of its monotonic clock. The latest one of a device's sockets here stays. */
  readonly heardAtMs: number;
  /**
   * About when it was welcomed, in microseconds of the database's clock. The latest one of a device's sockets on all nodes
   * stays. The relay raises it, so that it is later than that of a socket which it displaces.
   */
  sinceMicros: number;
  /**
   * Returns the last event of the conversation that it knows of; undefined when it does not follow
   * it.
   */
  headOf(conversation: ConversationId): number | undefined;
  /**
   * Called when an event of a followed conversation was committed. `encoded` returns the frame
   * without a packet.
   */
  onEvent(event: LoggedEvent, encoded: () => Uint8Array): void;
  onHead(conversation: ConversationId, seq: number): void;
  onJoined(conversation: ConversationId, seq: number, restrictedTo?: readonly UserId[]): void;
  /** Called when the processing of a followed conversation is restricted to these users. */
  onRestricted(conversation: ConversationId, restrictedTo: readonly UserId[]): void;
  onLeft(conversation: ConversationId, seq: number): void;
  /** Sends an ephemeral frame to a member of the conversation. */
  onEphemeral(conversation: ConversationId, frame: Uint8Array): void;
  /** Called when the device is told to remove its copies of what was erased. */
  onErasures(): void;
  close(reason: CloseReason): void;
}

/** The conversations that the sockets of this node follow in one tenant. */
export interface FollowerIndex {
  readonly connected: Connected[];
  /** Every pair of a device and a conversation that it follows. */
  readonly follows: { readonly device: DeviceId; readonly conversation: ConversationId }[];
  /** The last event that all followers know of, for each conversation. */
  readonly heads: Map<ConversationId, number>;
}

/** The number of recent heads that are kept for sockets that are reading their snapshot. */
const RECENT_HEADS = 8192;

/**
 * Knows which sockets follow which conversations on this node, and takes events from commits to
 * them.
 */
export class Relay {
  readonly #byDevice = new Map<DeviceId, Subscriber>();
  readonly #byConversation = new Map<ConversationId, Set<Subscriber>>();
  readonly #followed = new Map<Subscriber, Set<ConversationId>>();

  /** A ring of the last published heads, and how many were ever published. */
  readonly #recent: (readonly [conversation: ConversationId, seq: number])[] = [];
  #published = 0;
  #expulsions = 0;
  /** Devices that were told to go and are not known to be on another node yet. */
  readonly #moving = new Set<DeviceId>();
  #onMoved: () => void = () => undefined;
  readonly #onJoin: (device: DeviceId, sinceMicros: number) => void;

  /** @param onJoin called with every socket that became its device's only socket */
  constructor(onJoin: (device: DeviceId, sinceMicros: number) => void = () => undefined) {
    this.#onJoin = onJoin;
  }

  /** Sockets that have been welcomed. */
  get size(): number {
    return this.#byDevice.size;
  }

  /**
   * Makes this the device's only socket and displaces an earlier one. A socket that was delayed
   * while a later one was welcomed counts as the earlier one.
   */
  join(subscriber: Subscriber, device: DeviceId): void {
    const present = this.#byDevice.get(device);
    if (present !== undefined) {
      if (present.heardAtMs > subscriber.heardAtMs) return subscriber.close("displaced");
      subscriber.sinceMicros = Math.max(subscriber.sinceMicros, present.sinceMicros + 1);
    }
    this.#byDevice.set(device, subscriber);
    present?.close("displaced");
    this.#onJoin(device, subscriber.sinceMicros);
  }

  /**
   * Records that the device has a socket on another node, and closes the local one if it is older.
   * @returns when the local socket was welcomed, if it is the newer one and the other must close
   */
  joinedElsewhere(device: DeviceId, sinceMicros: number): number | undefined {
    const here = this.#byDevice.get(device);
    if (here !== undefined && here.sinceMicros > sinceMicros) return here.sinceMicros;
    if (this.#moving.delete(device) && this.#moving.size === 0) this.#onMoved();
    if (here === undefined || here.sinceMicros === sinceMicros) return undefined;
    here.close("displaced");
    return undefined;
  }

  /**
   * Watches for the devices that are connected now to be let in by other nodes.
   * @returns a promise that resolves when all of them have been
   */
  movedElsewhere(): Promise<void> {
    for (const device of this.#byDevice.keys()) this.#moving.add(device);
    return new Promise((resolve) => {
      this.#onMoved = resolve;
      if (this.#moving.size === 0) resolve();
    });
  }

  leave(subscriber: Subscriber, device: DeviceId): void {
    if (this.#byDevice.get(device) === subscriber) this.#byDevice.delete(device);
    for (const conversation of this.#followed.get(subscriber) ?? [])
      this.unfollow(subscriber, conversation);
    this.#followed.delete(subscriber);
  }

  follow(subscriber: Subscriber, conversation: ConversationId): void {
    addTo(this.#byConversation, conversation, subscriber);
    addTo(this.#followed, subscriber, conversation);
  }

  unfollow(subscriber: Subscriber, conversation: ConversationId): void {
    const followers = this.#byConversation.get(conversation);
    followers?.delete(subscriber);
    if (followers?.size === 0) this.#byConversation.delete(conversation);
    this.#followed.get(subscriber)?.delete(conversation);
  }

  /** Takes committed events, in log order per conversation, to the sockets that follow them. */
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

  /** Returns the current position of publishing; see `publishedSince`. */
  mark(): number {
    return this.#published;
  }

  /**
   * Returns the heads that were published after `mark`, to bring a snapshot up to date.
   * @returns undefined when they are no longer kept; take the snapshot again
   */
  publishedSince(mark: number): readonly (readonly [ConversationId, number])[] | undefined {
    const count = this.#published - mark;
    if (count > RECENT_HEADS) return undefined;
    return Array.from(
      { length: count },
      (_, index) => this.#recent[(mark + index) % RECENT_HEADS],
    ).filter((head) => head !== undefined);
  }

  /** Records that the conversation's log has grown to `seq`. Followers that are behind read on. */
  announceHead(conversation: ConversationId, seq: number): void {
    this.#recent[this.#published++ % RECENT_HEADS] = [conversation, seq];
    for (const subscriber of this.#byConversation.get(conversation) ?? [])
      subscriber.onHead(conversation, seq);
  }

  /** Records that a device is a member. */
  deviceJoined({ device, conversation, fromSeq, head, restrictedTo }: Joined): void {
    const subscriber = this.#byDevice.get(device);
    subscriber?.onJoined(conversation, fromSeq, restrictedTo ?? undefined);
    subscriber?.onHead(conversation, head);
  }

  /** Records that the processing of a conversation is restricted. Whoever may not open it does not follow it any more. */
  conversationRestricted({ conversation, restrictedTo }: Restricted): void {
    for (const subscriber of this.#byConversation.get(conversation) ?? [])
      subscriber.onRestricted(conversation, restrictedTo);
  }

  /** Tells a device to look for what it must remove. */
  tellErasures(device: DeviceId): void {
    this.#byDevice.get(device)?.onErasures();
  }

  /** Returns who a device is connected as. */
  identityOf(device: DeviceId): Identity | undefined {
    return this.#byDevice.get(device)?.identity;
  }

  /** Returns the sockets of one user on this node. */
  connectedAs(tenant: TenantId, user: UserId): readonly Identity[] {
    return Array.from(this.#byDevice.values(), ({ identity }) => identity).filter(
      (identity) => identity?.tenant === tenant && identity.user === user,
    ) as Identity[];
  }

  /** Welcomed sockets by device, with the time of their welcome. */
  online(): [device: DeviceId, sinceMicros: number][] {
    return Array.from(this.#byDevice, ([device, { sinceMicros }]) => [device, sinceMicros]);
  }

  /** Returns what is followed on this node, by tenant. */
  served(): Map<TenantId, FollowerIndex> {
    const tenants = new Map<TenantId, FollowerIndex>();
    for (const [device, subscriber] of this.#byDevice) {
      const { identity } = subscriber;
      if (identity === undefined) continue;
      const { tenant, session, role } = identity;
      let served = tenants.get(tenant);
      if (served === undefined)
        tenants.set(tenant, (served = { connected: [], follows: [], heads: new Map() }));
      served.connected.push({ device, session, role });
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
  conversationsOf(subscriber: Subscriber): readonly ConversationId[] {
    return [...(this.#followed.get(subscriber) ?? [])];
  }

  /** Users with sockets on this node who follow one of these conversations. */
  usersIn(conversations: Iterable<ConversationId>): ReadonlySet<UserId> {
    const users = new Set<UserId>();
    for (const conversation of conversations)
      for (const { identity } of this.#byConversation.get(conversation) ?? [])
        if (identity !== undefined) users.add(identity.user);
    return users;
  }

  /** Sends an ephemeral frame to the sockets in the conversation that `isFor` selects. */
  ephemeral(
    conversation: ConversationId,
    frame: Uint8Array,
    isFor: (subscriber: Subscriber) => boolean,
  ): void {
    for (const subscriber of this.#byConversation.get(conversation) ?? [])
      if (isFor(subscriber)) subscriber.onEphemeral(conversation, frame);
  }

  /**
   * Returns how often somebody was disconnected. A socket that is being welcomed may be one of
   * them.
   */
  get expulsions(): number {
    return this.#expulsions;
  }

  /** Closes the sockets of one device, session, user or tenant on this node. */
  disconnect(whose: Partial<Identity>, reason: CloseReason): void {
    this.#expulsions++;
    const parts = Object.entries(whose) as [keyof Identity, string][];
    for (const subscriber of this.#byDevice.values())
      if (parts.every(([part, id]) => subscriber.identity?.[part] === id)) subscriber.close(reason);
  }

  #applyMembership(event: LoggedEvent): void {
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
