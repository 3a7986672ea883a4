import { randomBytes } from "node:crypto";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Sender } from "../held-bytes.ts";
import { Connection, type ConnectionDeps } from "./connection.ts";
import { HttpChannel } from "./http-channel.ts";

/**
 * Limits of connections that nobody has taken a frame from, per user, and of the bytes of all
 * hellos.
 */
const MAX_UNTAKEN_PER_USER = 8;
const MAX_UNTAKEN_BYTES = 64 * 1024 * 1024;
/**
 * How long, and for how many connections, the reason of a close is kept. Older ones are forgotten.
 */
const LINGER_MS = 30_000;
const MAX_LINGERING = 1_000;

/** Why no connection begins. */
export type BeginRefusal = "stopping" | "overloaded";

/** A new connection, or why there is none. */
export type Begun =
  /** The only credential of its further requests. It is unguessable and must not be logged. */
  { readonly kind: "begun"; readonly id: string } | { readonly kind: BeginRefusal };

/** Whose connection it is. */
interface Owner {
  readonly tenant: Uuid;
  readonly user: Uuid;
}

/** The relay connections over HTTP that this node serves, by the ids that it assigned. */
export class HttpConnections {
  readonly #deps: ConnectionDeps;
  /** Tells this node's ids from those of other nodes. */
  readonly #node = randomBytes(8).toString("hex");
  readonly #channels = new Map<string, { readonly channel: HttpChannel; readonly owner: Owner }>();
  /** The users whose connections nobody has taken a frame from. */
  readonly #untaken = new Map<string, Uuid>();
  #untakenBytes = 0;
  /** Closed connections, the oldest first. */
  readonly #lingering = new Set<string>();
  #stopping = false;

  constructor(deps: ConnectionDeps) {
    this.#deps = deps;
  }

  /** How long the last frames of a connection may take to be sent. */
  get closingMs(): number {
    return this.#deps.timings.closingMs;
  }

  /** Accepts no more connections. */
  stop(): void {
    this.#stopping = true;
  }

  /** Returns why `user` can begin no connection now, whatever the hello is. */
  refusalOf(user: Uuid): BeginRefusal | undefined {
    if (this.#stopping) return "stopping";
    const own = [...this.#untaken.values()].filter((each) => each === user).length;
    const isFull = own >= MAX_UNTAKEN_PER_USER || this.#untakenBytes >= MAX_UNTAKEN_BYTES;
    return isFull ? "overloaded" : undefined;
  }

  /** Opens a connection on which `owner` can send a hello. */
  begin({ tenant, user }: Owner, hello: Uint8Array): Begun {
    const refusal = this.refusalOf(user);
    if (refusal !== undefined) return { kind: refusal };
    const id = `${this.#node}.${randomBytes(32).toString("base64url")}`;
    const channel = new HttpChannel(
      (made) => new Connection(made, this.#deps),
      () => this.#linger(id),
    );
    this.#channels.set(id, { channel, owner: { tenant, user } });
    this.#untaken.set(id, user);
    this.#untakenBytes += hello.length;
    void channel.readable().then(() => {
      this.#untaken.delete(id);
      this.#untakenBytes -= hello.length;
      channel.take(1, hello);
    });
    return { kind: "begun", id };
  }

  #linger(id: string): void {
    this.#lingering.add(id);
    setTimeout(() => this.#forget(id), LINGER_MS).unref();
    const [oldest] = this.#lingering;
    if (this.#lingering.size > MAX_LINGERING && oldest !== undefined) this.#forget(oldest);
  }

  #forget(id: string): void {
    this.#lingering.delete(id);
    this.#channels.delete(id);
  }

  /**
   * @returns "elsewhere" for an id of another node, "gone" for a connection that no longer exists
   */
  find(id: string): HttpChannel | "gone" | "elsewhere" {
    if (!id.startsWith(`${this.#node}.`)) return "elsewhere";
    return this.#channels.get(id)?.channel ?? "gone";
  }

  /** Returns who sends on this connection, or undefined if this node has none with this id. */
  senderOf(id: string): Sender | undefined {
    const owner = this.#channels.get(id)?.owner;
    return owner && { kind: "account", ...owner };
  }

  /** Counts open connections by how their frames are taken. */
  counts(): Record<"poll" | "stream", number> {
    const counts = { poll: 0, stream: 0 };
    for (const { channel } of this.#channels.values())
      if (!channel.closed && channel.mode !== "untaken") counts[channel.mode]++;
    return counts;
  }
}
