import type { Uuid } from "../../crypto/wire/uuid.ts";
import { decodeControl } from "../../crypto/wire/frame.ts";
import type { LoggedEvent } from "../../messaging/log/event.ts";
import { deliverFrame } from "./frames.ts";
import type { Connection } from "./connection.ts";

/** Which sockets follow what on this node, and the way from a commit to them. */
export class Relay {
  readonly #byDevice = new Map<Uuid, Connection>();
  readonly #byConversation = new Map<Uuid, Set<Connection>>();
  readonly #followed = new Map<Connection, Set<Uuid>>();

  /** Sockets past their hello. */
  get size(): number {
    return this.#byDevice.size;
  }

  /** Makes this the device's one socket; an earlier one is displaced. */
  join(connection: Connection, device: Uuid): void {
    const earlier = this.#byDevice.get(device);
    this.#byDevice.set(device, connection);
    earlier?.close("displaced");
  }

  leave(connection: Connection, device: Uuid): void {
    if (this.#byDevice.get(device) === connection) this.#byDevice.delete(device);
    for (const conversation of this.#followed.get(connection) ?? [])
      this.unfollow(connection, conversation);
    this.#followed.delete(connection);
  }

  follow(connection: Connection, conversation: Uuid): void {
    addTo(this.#byConversation, conversation, connection);
    addTo(this.#followed, connection, conversation);
  }

  unfollow(connection: Connection, conversation: Uuid): void {
    const followers = this.#byConversation.get(conversation);
    followers?.delete(connection);
    if (followers?.size === 0) this.#byConversation.delete(conversation);
    this.#followed.get(connection)?.delete(conversation);
  }

  /** Takes committed events, in log order per conversation, to the sockets they are for. */
  publish(events: readonly LoggedEvent[]): void {
    for (const event of events) {
      if (event.kind !== "message") this.#applyMembership(event);
      const followers = this.#byConversation.get(event.conversation);
      if (followers === undefined) continue;
      const encode = once(() =>
        deliverFrame({ ...event, packet: undefined, previousHash: undefined }),
      );
      for (const connection of followers) connection.onEvent(event, encode);
    }
  }

  /** The conversation's log reaches to `seq`; whoever has not been sent that far reads on. */
  announceHead(conversation: Uuid, seq: number): void {
    for (const connection of this.#byConversation.get(conversation) ?? [])
      connection.onHead(conversation, seq);
  }

  closeAll(close: (connection: Connection) => void): void {
    for (const connection of this.#byDevice.values()) close(connection);
  }

  #applyMembership(event: LoggedEvent): void {
    const members = decodeControl(event.ciphertext).members.flatMap((member) => member.devices);
    const devices = new Set(members);
    for (const device of devices)
      this.#byDevice.get(device)?.onJoined(event.conversation, event.seq);
    for (const connection of this.#byConversation.get(event.conversation) ?? [])
      if (!devices.has(connection.device)) connection.onLeft(event.conversation, event.seq);
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
