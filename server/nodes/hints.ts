import type { ActivityKind, PresenceState } from "../../crypto/wire/frame.ts";
import type { TenantId, UserId, DeviceId, ConversationId } from "../../crypto/wire/ids.ts";

/** The log of a conversation has grown to `seq`. */
export interface HeadHint {
  readonly tenant: TenantId;
  readonly conversation: ConversationId;
  readonly seq: number;
  /** True when the members of the conversation changed. */
  readonly membership: boolean;
}

/**
 * A device has opened a socket. `sinceMicros` is when it was welcomed, in microseconds of the database's
 * clock.
 */
export interface DeviceHint {
  readonly device: DeviceId;
  readonly sinceMicros: number;
}

/** A device was removed, or one of its sessions has ended. */
export interface EndedHint {
  readonly tenant: TenantId;
  readonly device: DeviceId;
}

/** A member's current activity. It is never stored. */
export interface ActivityHint {
  readonly conversation: ConversationId;
  readonly device: DeviceId;
  readonly kind: ActivityKind;
  readonly seq: number;
}

/**
 * The presence of a user on the announcing node, and since when, in milliseconds since the Unix
 * epoch.
 */
export interface PresenceHint {
  readonly tenant: TenantId;
  readonly user: UserId;
  readonly state: PresenceState;
  readonly sinceMs: number;
}

/**
 * The announcements of one node to the others. A hint without content announces that the node is
 * alive.
 */
export interface Hint {
  readonly heads: readonly HeadHint[];
  readonly devices: readonly DeviceHint[];
  readonly ended: readonly EndedHint[];
  readonly activities: readonly ActivityHint[];
  readonly presences: readonly PresenceHint[];
}

/**
 * Carries hints between nodes. A hint may be lost, late or repeated. It may also be false, if
 * somebody else can write to the channel. Treat a hint as a reason to read the database, never as a
 * fact.
 */
export interface Hints {
  /** Returns at once. Hints that are announced before the next send are sent together. */
  announce(hint: Partial<Hint>): void;
  /** Announces now that this node is alive. */
  beat(): void;
  close(): Promise<void>;
}

/** The node that sent a hint. */
export interface HintSender {
  readonly node: string;
  /**
   * The time when this node last began to listen, in milliseconds of its own clock. It has missed
   * earlier announcements. It grows whenever the node begins to listen again.
   */
  readonly listeningSinceMs: number;
}

/** Receives the hints of other nodes. A node's own hints are left out. */
export interface HintListener {
  onHint(hint: Hint, from: HintSender): void;
  /** Called when hints begin to arrive. Earlier hints may have been missed. */
  onListening(): void;
}
