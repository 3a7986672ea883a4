import { randomBytes } from "node:crypto";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { Connection, type ConnectionDeps } from "./connection.ts";
import { HttpChannel } from "./http-channel.ts";

/** Connections of one user that nobody has taken a frame of; and the bytes of all users' hellos. */
const MAX_UNTAKEN_PER_USER = 8;
const MAX_UNTAKEN_BYTES = 64 * 1024 * 1024;
/** For so long the reason of a close can be asked for, and of so many closes; older ones are forgotten. */
const LINGER_MS = 30_000;
const MAX_LINGERING = 1_000;

/** A connection that began, or why none did. */
export type Begun =
  /** Its id is all that its further requests show: unguessable, and not to be logged. */
  { readonly kind: "begun"; readonly id: string } | { readonly kind: "stopping" | "overloaded" };

/** The relay's connections over HTTP exchanges that this node serves, by the ids it gave them. */
export class HttpConnections {
  readonly #deps: ConnectionDeps;
  /** Tells this node's ids from another's. */
  readonly #node = randomBytes(8).toString("hex");
  readonly #channels = new Map<string, HttpChannel>();
  /** Whose those are that nobody has taken a frame of. */
  readonly #untaken = new Map<string, Uuid>();
  #untakenBytes = 0;
  /** Those that are closed, the oldest first. */
  readonly #lingering = new Set<string>();
  #stopping = false;

  constructor(deps: ConnectionDeps) {
    this.#deps = deps;
  }

  /** How long the last of a connection may take to be sent. */
  get closingMs(): number {
    return this.#deps.timings.closingMs;
  }

  /** Takes no further connections. */
  stop(): void {
    this.#stopping = true;
  }

  /** A new connection, for `user` to say hello on. */
  begin(user: Uuid, hello: Uint8Array): Begun {
    if (this.#stopping) return { kind: "stopping" };
    const own = [...this.#untaken.values()].filter((each) => each === user).length;
    const bytes = this.#untakenBytes + hello.length;
    if (own >= MAX_UNTAKEN_PER_USER || bytes > MAX_UNTAKEN_BYTES) return { kind: "overloaded" };
    const id = `${this.#node}.${randomBytes(32).toString("base64url")}`;
    const channel = new HttpChannel(
      (made) => new Connection(made, this.#deps),
      () => this.#linger(id),
    );
    this.#channels.set(id, channel);
    this.#untaken.set(id, user);
    this.#untakenBytes = bytes;
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

  /** @returns "elsewhere" for an id that another node gave, "gone" for what this node has no more */
  find(id: string): HttpChannel | "gone" | "elsewhere" {
    if (!id.startsWith(`${this.#node}.`)) return "elsewhere";
    return this.#channels.get(id) ?? "gone";
  }

  /** Open connections, by how their frames are taken. */
  counts(): Record<"poll" | "stream", number> {
    const counts = { poll: 0, stream: 0 };
    for (const channel of this.#channels.values())
      if (!channel.closed && channel.mode !== "untaken") counts[channel.mode]++;
    return counts;
  }
}
