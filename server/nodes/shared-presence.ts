import type { PresenceState } from "../../crypto/wire/frame.ts";
import type { TenantId, UserId, ConversationId } from "../../crypto/wire/ids.ts";
import {
  LocalPresence,
  type LocalPresenceDeps,
  type Present,
  type PresenceBoard,
  type UserPresence,
} from "../socket/presence.ts";
import type { Hint, HintSender, PresenceHint } from "./hints.ts";

export interface SharedPresenceDeps extends Omit<LocalPresenceDeps, "onChange"> {
  /** Tells the members of `conversations` that are connected to this node. */
  readonly tell: (
    user: UserId,
    presence: UserPresence,
    conversations: readonly ConversationId[],
  ) => void;
  readonly announce: (hint: Pick<Hint, "presences">) => void;
  /** Returns the conversations that these users are members of now. */
  readonly conversationsOf: (
    tenant: TenantId,
    users: readonly UserId[],
  ) => Promise<ReadonlyMap<UserId, readonly ConversationId[]>>;
  /** A node that was silent for this long is considered gone, together with its users. */
  readonly forgetAfterMs: number;
  readonly onError: (error: unknown) => void;
}

/** A user on other nodes. */
interface Elsewhere {
  readonly tenant: TenantId;
  readonly byNode: Map<string, UserPresence>;
}

const offline: UserPresence = { state: "offline", sinceMs: 0 };
const rank: Readonly<Record<PresenceState, number>> = { online: 2, idle: 1, offline: 0 };

/**
 * Presence of users on all nodes. Each node announces each change of its own users, and announces
 * all of them when another node has begun to listen. When a node is gone, its announcements are
 * dropped. Presence is never stored.
 */
export class SharedPresence implements PresenceBoard {
  readonly #deps: SharedPresenceDeps;
  readonly #local: LocalPresence;
  readonly #elsewhere = new Map<UserId, Elsewhere>();
  /** The time when each node was last heard. */
  readonly #heard = new Map<string, number>();
  /** Nodes that were told everything, and since when each was listening then. */
  readonly #greeted = new Map<string, number>();
  /** Users that a node announced before this node listened anew, if it has not announced them since. */
  readonly #unconfirmed = new Map<string, Set<UserId>>();
  #listeningSinceMs = 0;
  /** The last announcement about each user, unless it said that the user is offline. */
  readonly #told = new Map<UserId, PresenceState>();

  constructor(deps: SharedPresenceDeps) {
    this.#deps = deps;
    this.#local = new LocalPresence({
      ...deps,
      onChange: ({ tenant, user }, presence, conversations) => {
        deps.announce({ presences: [{ tenant, user, ...presence }] });
        this.#republish(user, conversations);
      },
    });
  }

  say(who: Present, state: "online" | "idle", conversations: readonly ConversationId[]): void {
    this.#local.say(who, state, conversations);
  }

  leave(who: Present, conversations: readonly ConversationId[]): void {
    this.#local.leave(who, conversations);
  }

  of(user: UserId): UserPresence | undefined {
    const here = this.#local.of(user);
    const there = this.#elsewhere.get(user)?.byNode.values() ?? [];
    return [...(here === undefined ? [] : [here]), ...there].toSorted(
      (a, b) => rank[b.state] - rank[a.state] || b.sinceMs - a.sinceMs,
    )[0];
  }

  /** Users of the tenant who are present on other nodes. */
  elsewhere(tenant: TenantId): readonly UserId[] {
    return Array.from(this.#elsewhere)
      .filter(([, each]) => each.tenant === tenant)
      .map(([user]) => user);
  }

  /** Records what another node announced about its users. */
  onHeard({ node, listeningSinceMs }: HintSender, presences: readonly PresenceHint[]): void {
    this.#heard.set(node, this.#deps.monotonic());
    if (listeningSinceMs > (this.#greeted.get(node) ?? -1)) {
      this.#greeted.set(node, listeningSinceMs);
      this.#announceAll();
    }
    this.#change(presences.map((presence) => ({ ...presence, node })));
  }

  /**
   * Announces this node's users again, because announcements may have been lost. A node that was
   * not listening yet is told when it is heard. Announcements of other nodes may have been lost
   * here too. They announce all their users again, and users that they do not name are gone.
   */
  onListening(): void {
    this.#listeningSinceMs = this.#deps.monotonic();
    for (const [user, { byNode }] of this.#elsewhere)
      for (const node of byNode.keys()) {
        const users = this.#unconfirmed.get(node) ?? new Set();
        this.#unconfirmed.set(node, users.add(user));
      }
    this.#announceAll();
  }

  /** Announces the presence of all of this node's users. */
  #announceAll(): void {
    const presences = this.#local
      .all()
      .map(([{ tenant, user }, presence]) => ({ tenant, user, ...presence }));
    if (presences.length > 0) this.#deps.announce({ presences });
  }

  /**
   * Drops the announcements of nodes that have been silent for too long, and those that were not
   * repeated since this node listened anew.
   */
  forgetSilent(): void {
    const { monotonic, forgetAfterMs } = this.#deps;
    for (const [node, heardAtMs] of this.#heard) {
      if (monotonic() - heardAtMs < forgetAfterMs) continue;
      this.#heard.delete(node);
      this.#greeted.delete(node);
      this.#forget(node, ([, { byNode }]) => byNode.has(node));
    }
    if (monotonic() - this.#listeningSinceMs < forgetAfterMs) return;
    for (const [node, users] of this.#unconfirmed) this.#forget(node, ([user]) => users.has(user));
    this.#unconfirmed.clear();
  }

  #forget(node: string, isLost: (each: [UserId, Elsewhere]) => boolean): void {
    const sinceMs = this.#deps.now();
    const lost = [...this.#elsewhere].filter(isLost);
    this.#change(
      lost.map(([user, { tenant }]) => ({ tenant, user, state: "offline", sinceMs, node })),
    );
  }

  #change(said: readonly (PresenceHint & { readonly node: string })[]): void {
    const byTenant = new Map<TenantId, UserId[]>();
    for (const { node, tenant, user, state, sinceMs } of said) {
      this.#unconfirmed.get(node)?.delete(user);
      const known = this.#elsewhere.get(user) ?? { tenant, byNode: new Map() };
      if (state === "offline") known.byNode.delete(node);
      else known.byNode.set(node, { state, sinceMs });
      if (known.byNode.size > 0) this.#elsewhere.set(user, known);
      else this.#elsewhere.delete(user);
      byTenant.set(tenant, [...(byTenant.get(tenant) ?? []), user]);
    }
    for (const [tenant, users] of byTenant) this.#tellOf(tenant, users).catch(this.#deps.onError);
  }

  async #tellOf(tenant: TenantId, users: readonly UserId[]): Promise<void> {
    const changed = users.filter((user) => this.#hasChanged(user));
    if (changed.length === 0) return;
    const shared = await this.#deps.conversationsOf(tenant, changed);
    for (const [user, conversations] of shared) this.#republish(user, conversations);
  }

  #hasChanged(user: UserId): boolean {
    return (this.of(user)?.state ?? "offline") !== (this.#told.get(user) ?? "offline");
  }

  #republish(user: UserId, conversations: readonly ConversationId[]): void {
    if (!this.#hasChanged(user)) return;
    const presence = this.of(user) ?? { ...offline, sinceMs: this.#deps.now() };
    if (presence.state === "offline") this.#told.delete(user);
    else this.#told.set(user, presence.state);
    this.#deps.tell(user, presence, conversations);
  }
}
