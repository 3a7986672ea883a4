import type { Pool } from "../../db/pool.ts";
import type { TenantId, UserId, DeviceId } from "../../crypto/wire/ids.ts";
import { findAdvancedHeads } from "../../messaging/follow/find-advanced-heads.ts";
import { devicesIn, notFollowed } from "../../messaging/follow/find-joined.ts";
import { findRestricted } from "../../messaging/follow/find-restricted.ts";
import type { ConversationLog } from "../../messaging/log/conversation-log.ts";
import type { LoggedEvent } from "../../messaging/log/event.ts";
import { findEnded, type Connected } from "../../identity/tokens/find-ended.ts";
import type { Relay, FollowerIndex } from "../socket/relay.ts";
import { broadcastActivity } from "../socket/ephemeral-events.ts";
import { ErasureTeller } from "./erasure-teller.ts";
import type { EndedHint, HeadHint, Hint, HintListener, Hints, HintSender } from "./hints.ts";
import type { SharedPresence } from "./shared-presence.ts";

export interface ClusterPeersDeps {
  readonly pool: Pool;
  readonly relay: Relay;
  readonly log: Pick<ConversationLog, "invalidate" | "rolesChanged">;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Average time between two polls, in milliseconds. */
  readonly pollMs: number;
  /** Time between two announcements that this node is alive, in milliseconds. */
  readonly beatMs: number;
  readonly presence: Pick<SharedPresence, "onHeard" | "onListening" | "forgetSilent">;
  readonly onError: (error: unknown) => void;
}

/** The number of conversations whose heads one statement reads. */
const PER_QUERY = 2_000;
/** A node that misses this many signs of life is gone. */
export const SILENT_AFTER_BEATS = 3.5;
/**
 * A poll looks for events received since the last good poll, less this margin. Clocks differ by
 * less.
 */
const CLOCKS_DIFFER_MS = 86_400_000;

/**
 * Follows the other nodes on the same database. A hint that a conversation has grown wakes its
 * local followers, which read the new events. A poll finds what the hints missed. Only the database
 * decides what was appended and who is a member.
 */
export class ClusterPeers implements HintListener {
  readonly #deps: ClusterPeersDeps;
  readonly #erasures: ErasureTeller;
  #hints: Hints | undefined;
  #timer: NodeJS.Timeout | undefined;
  #beating: NodeJS.Timeout | undefined;
  #polling: Promise<void> = Promise.resolve();
  #polledMs: number;
  #closed = false;
  #heardMs = Number.NEGATIVE_INFINITY;

  private constructor(deps: ClusterPeersDeps) {
    this.#deps = deps;
    this.#erasures = new ErasureTeller(deps.pool, deps.relay);
    this.#polledMs = deps.now();
  }

  static async meet(
    deps: ClusterPeersDeps,
    openHints: (listener: HintListener) => Promise<Hints>,
  ): Promise<ClusterPeers> {
    const clusterPeers = new ClusterPeers(deps);
    clusterPeers.#hints = await openHints(clusterPeers);
    clusterPeers.#schedule();
    clusterPeers.#beating = setInterval(() => {
      clusterPeers.#hints?.beat();
      deps.presence.forgetSilent();
    }, deps.beatMs).unref();
    return clusterPeers;
  }

  /** Announces events of one conversation that were committed here. Returns at once. */
  onCommitted(events: readonly LoggedEvent[]): void {
    const last = events.at(-1);
    if (last === undefined) return;
    const { tenant, conversation, seq } = last;
    const membership = events.some(({ kind }) => kind !== "message");
    this.#hints?.announce({ heads: [{ tenant, conversation, seq, membership }] });
  }

  /** Announces that a device has a socket here, so that other nodes close an older one. */
  onDeviceJoined(device: DeviceId, sinceMicros: number): void {
    this.#hints?.announce({ devices: [{ device, sinceMicros }] });
  }

  /** Announces something that the other nodes' polls would find late or not at all. */
  announce(hint: Partial<Omit<Hint, "heads" | "devices">>): void {
    this.#hints?.announce(hint);
  }

  /**
   * Checks the sockets of an account whose role is said to have changed. If it has, they are closed, and
   * their devices connect again with the new role.
   */
  async onRoleChanged(tenant: TenantId, user: UserId): Promise<void> {
    this.#deps.log.rolesChanged();
    await this.#closeEnded(tenant, this.#deps.relay.connectedAs(tenant, user));
  }

  /** Returns whether another node has given a sign of life lately. */
  get hasOthers(): boolean {
    return performance.now() - this.#heardMs < this.#deps.beatMs * SILENT_AFTER_BEATS;
  }

  onHint({ heads, devices, ended, activities, presences }: Hint, from: HintSender): void {
    this.#heardMs = performance.now();
    const { relay, log, presence } = this.#deps;
    presence.onHeard(from, presences);
    for (const activity of activities) broadcastActivity(relay, activity);
    this.#findEnded(ended).catch(this.#deps.onError);
    for (const { conversation, seq } of heads) {
      log.invalidate(conversation, seq);
      relay.announceHead(conversation, seq);
    }
    const changed = heads.filter(({ membership }) => membership);
    if (changed.length > 0) this.#findJoined(changed).catch(this.#deps.onError);
    for (const { device, sinceMicros } of devices) {
      const newer = relay.joinedElsewhere(device, sinceMicros);
      if (newer !== undefined) this.onDeviceJoined(device, newer);
    }
  }

  /**
   * Repeats what the other nodes may have missed of this node, and reads what this node may have
   * missed.
   */
  onListening(): void {
    const devices = this.#deps.relay
      .online()
      .map(([device, sinceMicros]) => ({ device, sinceMicros }));
    this.#hints?.announce({ devices });
    this.#hints?.beat();
    this.#deps.presence.onListening();
    if (this.#hints !== undefined) this.#pollSoon(0);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#beating);
    await this.#hints?.close();
    await this.#polling;
  }

  async #findJoined(changed: readonly HeadHint[]): Promise<void> {
    const { relay, pool } = this.#deps;
    for (const tenant of new Set(changed.map((hint) => hint.tenant))) {
      const conversations = changed
        .filter((hint) => hint.tenant === tenant)
        .map(({ conversation }) => conversation);
      for (const joined of await devicesIn(pool, tenant, conversations)) relay.deviceJoined(joined);
    }
  }

  /** Closes local connections whose device or session was ended on another node. */
  async #findEnded(hinted: readonly EndedHint[]): Promise<void> {
    for (const tenant of new Set(hinted.map((each) => each.tenant))) {
      const connected = hinted.flatMap(({ tenant: of, device }) => {
        const identity = of === tenant ? this.#deps.relay.identityOf(device) : undefined;
        return identity === undefined ? [] : [identity];
      });
      await this.#closeEnded(tenant, connected);
    }
  }

  async #closeEnded(tenant: TenantId, connected: readonly Connected[]): Promise<void> {
    const { pool, relay, log } = this.#deps;
    for (const { device, session, role, what } of await findEnded(pool, tenant, connected))
      switch (what) {
        case "device":
          relay.disconnect({ tenant, device }, "device_refused");
          break;
        case "session":
          relay.disconnect({ tenant, device, session }, "unauthenticated");
          break;
        case "idle":
          relay.disconnect({ tenant, device, session }, "session_idle");
          break;
        case "role":
          log.rolesChanged();
          relay.disconnect({ tenant, device, role }, "role_changed");
          break;
      }
  }

  #schedule(): void {
    this.#pollSoon(this.#deps.pollMs * (0.75 + Math.random() / 2));
  }

  #pollSoon(ms: number): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#polling = this.#polling.then(() => this.#poll());
    }, ms);
    this.#timer.unref();
  }

  async #poll(): Promise<void> {
    const beganMs = this.#deps.now();
    let isComplete = true;
    for (const [tenant, served] of this.#deps.relay.served()) {
      if (this.#closed) return;
      try {
        await this.#pollTenant(tenant, served);
      } catch (error) {
        // The other tenants are not kept waiting.
        isComplete = false;
        this.#deps.onError(error);
      }
    }
    if (isComplete) this.#polledMs = beganMs;
    this.#schedule();
  }

  async #pollTenant(tenant: TenantId, { connected, follows, heads }: FollowerIndex): Promise<void> {
    const { pool, relay, log } = this.#deps;
    await this.#closeEnded(tenant, connected);
    const devices = connected.map(({ device }) => device);
    await this.#erasures.look(tenant, devices);
    const sinceMs = this.#polledMs - CLOCKS_DIFFER_MS;
    const known = [...heads];
    for (let from = 0; from < known.length; from += PER_QUERY) {
      const some = known.slice(from, from + PER_QUERY);
      for (const { conversation, seq } of await findAdvancedHeads(pool, tenant, some, sinceMs)) {
        log.invalidate(conversation, seq);
        relay.announceHead(conversation, seq);
      }
      const conversations = some.map(([conversation]) => conversation);
      for (const restricted of await findRestricted(pool, tenant, conversations))
        relay.conversationRestricted(restricted);
    }
    for (const joined of await notFollowed(pool, tenant, devices, follows))
      relay.deviceJoined(joined);
  }
}
