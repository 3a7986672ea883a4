import type { PresenceState } from "../../crypto/wire/frame.ts";
import type { TenantId, UserId, DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import type { Timed, TimerWheel } from "./timer-wheel.ts";

/** A user's presence, and the time since which it holds, in milliseconds since the Unix epoch. */
export interface UserPresence {
  readonly state: PresenceState;
  readonly sinceMs: number;
}

/** A user's device with a socket on this node. */
export interface Present {
  readonly tenant: TenantId;
  readonly user: UserId;
  readonly device: DeviceId;
}

/**
 * Presence of users. A user is as present as the most present of their devices. A device that
 * announces nothing is not shown. It answers at once, from a copy of what other nodes announced.
 */
export interface PresenceBoard {
  /**
   * Records the presence that a device announces for its user. Tells the members of
   * `conversations`.
   */
  say(who: Present, state: "online" | "idle", conversations: readonly ConversationId[]): void;
  /**
   * Records that the device's socket has closed. Members of `conversations` are told after a delay.
   */
  leave(who: Present, conversations: readonly ConversationId[]): void;
  of(user: UserId): UserPresence | undefined;
}

export interface LocalPresenceDeps {
  readonly wheel: TimerWheel;
  readonly monotonic: () => number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly offlineAfterMs: number;
  /** @param conversations the conversations whose members are told */
  readonly onChange: (
    who: Omit<Present, "device">,
    presence: UserPresence,
    conversations: readonly ConversationId[],
  ) => void;
}

interface Entry {
  readonly tenant: TenantId;
  readonly devices: Map<DeviceId, "online" | "idle">;
  presence: UserPresence;
  leaving: Timed | undefined;
}

/**
 * Holds the presence on one node, in memory. There is one entry for each user who is connected or
 * was a moment ago.
 */
export class LocalPresence implements PresenceBoard {
  readonly #deps: LocalPresenceDeps;
  readonly #entries = new Map<UserId, Entry>();

  constructor(deps: LocalPresenceDeps) {
    this.#deps = deps;
  }

  say(who: Present, state: "online" | "idle", conversations: readonly ConversationId[]): void {
    const { tenant, user, device } = who;
    const entry = this.#entries.get(user) ?? this.#add(tenant, user);
    entry.devices.set(device, state);
    if (entry.leaving !== undefined) this.#deps.wheel.cancel(entry.leaving);
    entry.leaving = undefined;
    this.#update(user, entry, conversations);
  }

  leave({ user, device }: Present, conversations: readonly ConversationId[]): void {
    const entry = this.#entries.get(user);
    if (entry?.devices.delete(device) !== true) return;
    if (entry.devices.size > 0) return this.#update(user, entry, conversations);
    const { wheel, monotonic, offlineAfterMs } = this.#deps;
    const dueAtMs = monotonic() + offlineAfterMs;
    entry.leaving = {
      onDue: (nowMs) => {
        if (nowMs < dueAtMs) return dueAtMs - nowMs;
        this.#update(user, entry, conversations);
        this.#entries.delete(user);
        return undefined;
      },
    };
    wheel.schedule(entry.leaving, offlineAfterMs);
  }

  of(user: UserId): UserPresence | undefined {
    return this.#entries.get(user)?.presence;
  }

  /** Returns every user who is present. */
  all(): readonly (readonly [Omit<Present, "device">, UserPresence])[] {
    return Array.from(this.#entries, ([user, { tenant, presence }]) => [
      { tenant, user },
      presence,
    ]);
  }

  #add(tenant: TenantId, user: UserId): Entry {
    const presence = { state: "offline", sinceMs: 0 } as const;
    const entry: Entry = { tenant, devices: new Map(), presence, leaving: undefined };
    this.#entries.set(user, entry);
    return entry;
  }

  #update(user: UserId, entry: Entry, conversations: readonly ConversationId[]): void {
    const said = new Set(entry.devices.values());
    const state = said.has("online") ? "online" : said.has("idle") ? "idle" : "offline";
    if (state === entry.presence.state) return;
    entry.presence = { state, sinceMs: this.#deps.now() };
    this.#deps.onChange({ tenant: entry.tenant, user }, entry.presence, conversations);
  }
}
