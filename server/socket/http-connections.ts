import { randomBytes } from "node:crypto";
import { FairCache } from "../../policies/fair-cache.ts";
import { FairShares, type Holder } from "../../policies/fair-shares.ts";
import type { Sender } from "../held-bytes.ts";
import { Connection } from "./connection.ts";
import type { ConnectionDeps } from "./connection-deps.ts";
import { HttpChannel } from "./http-channel.ts";
import { relayLimits, shareLimits } from "../limits.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";

/** Why no connection begins. */
export type BeginRefusal = "stopping" | "overloaded";

/** A new connection, or why there is none. */
export type Begun =
  /** The only credential of its further requests. It is unguessable and must not be logged. */
  { readonly kind: "begun"; readonly id: string } | { readonly kind: BeginRefusal };

/** The account that a connection belongs to. */
export interface AccountHolder extends Holder {
  readonly tenant: TenantId;
  readonly account: UserId;
}

/** The relay connections over HTTP that this node serves, by the ids that it assigned. */
export class HttpConnections {
  readonly #deps: ConnectionDeps;
  /** Tells this node's ids from those of other nodes. */
  readonly #node = randomBytes(8).toString("hex");
  readonly #channels = new Map<
    string,
    { readonly channel: HttpChannel; readonly holder: AccountHolder }
  >();
  readonly #untaken = new FairShares(shareLimits.untakenConnections);
  readonly #untakenBytes = new FairShares(shareLimits.untakenBytes);
  /** Closed connections by tenant, the oldest first. */
  readonly #lingering = new FairCache<true>(relayLimits.lingering);
  #stopping = false;

  constructor(deps: ConnectionDeps) {
    this.#deps = deps;
  }

  /** Returns how long the last frames of a connection may take to be sent. */
  get closingMs(): number {
    return this.#deps.timings.closingMs;
  }

  /** Accepts no more connections. */
  stop(): void {
    this.#stopping = true;
  }

  /** Returns the reason why `holder` can begin no connection now, with any hello. */
  refusalOf(holder: AccountHolder): BeginRefusal | undefined {
    if (this.#stopping) return "stopping";
    const release = this.#reserve(holder, 0);
    release?.();
    return release === undefined ? "overloaded" : undefined;
  }

  /**
   * Opens a connection on which `holder` can send a hello.
   * @param origin of the web page that sends it, if it is not the server's own
   */
  begin(holder: AccountHolder, hello: Uint8Array, origin: string | undefined): Begun {
    if (this.#stopping) return { kind: "stopping" };
    const release = this.#reserve(holder, hello.length);
    if (release === undefined) return { kind: "overloaded" };
    const id = `${this.#node}.${randomBytes(32).toString("base64url")}`;
    const channel = new HttpChannel(
      (made) => new Connection(made, this.#deps, undefined, origin),
      () => this.#linger(holder.tenant, id),
    );
    this.#channels.set(id, { channel, holder });
    void channel.readable().then(() => {
      release();
      channel.take(1, hello);
    });
    return { kind: "begun", id };
  }

  /** @returns a function that releases the space; undefined if the holder has no share left */
  #reserve(holder: AccountHolder, bytes: number): (() => void) | undefined {
    if (this.#untaken.take(holder) !== undefined) return undefined;
    if (this.#untakenBytes.take(holder, bytes) !== undefined) {
      this.#untaken.release(holder);
      return undefined;
    }
    return () => {
      this.#untaken.release(holder);
      this.#untakenBytes.release(holder, bytes);
    };
  }

  #linger(tenant: TenantId, id: string): void {
    const forgotten = this.#lingering.set(tenant, id, true);
    if (forgotten !== undefined) this.#channels.delete(forgotten);
    setTimeout(() => {
      this.#lingering.delete(tenant, id);
      this.#channels.delete(id);
    }, relayLimits.lingerMs).unref();
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
    const holder = this.#channels.get(id)?.holder;
    return holder && { kind: "account", tenant: holder.tenant, user: holder.account };
  }

  /** Counts open connections by how their frames are taken. */
  counts(): Record<"poll" | "stream", number> {
    const counts = { poll: 0, stream: 0 };
    for (const { channel } of this.#channels.values())
      if (!channel.closed && channel.mode !== "untaken") counts[channel.mode]++;
    return counts;
  }
}
