import type { ActivityKind, PresenceState } from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";

/** A conversation's log reaches to `seq`. */
export interface HeadHint {
  readonly tenant: Uuid;
  readonly conversation: Uuid;
  readonly seq: number;
  /** True when its members changed. */
  readonly membership: boolean;
}

/** A device has a socket, since the time (microseconds, the database's clock) at which it was let in. */
export interface DeviceHint {
  readonly device: Uuid;
  readonly since: number;
}

/** A device was removed, or one of its sessions is over. */
export interface EndedHint {
  readonly tenant: Uuid;
  readonly device: Uuid;
}

/** What a member does now; never stored. */
export interface ActivityHint {
  readonly conversation: Uuid;
  readonly device: Uuid;
  readonly kind: ActivityKind;
  readonly seq: number;
}

/** How a user is on the node that says so, and since when: milliseconds since the Unix epoch. */
export interface PresenceHint {
  readonly tenant: Uuid;
  readonly user: Uuid;
  readonly state: PresenceState;
  readonly since: number;
}

/** What one node tells the others. One that tells nothing says that the node is there. */
export interface Hint {
  readonly heads: readonly HeadHint[];
  readonly devices: readonly DeviceHint[];
  readonly ended: readonly EndedHint[];
  readonly activities: readonly ActivityHint[];
  readonly presences: readonly PresenceHint[];
}

/**
 * The way hints travel between nodes. A hint may be lost, late, repeated or, from whoever else can
 * write to the channel, false: it is a reason to look, never a fact.
 */
export interface Hints {
  /** Returns at once; what is announced before it could be sent is sent together. */
  announce(hint: Partial<Hint>): void;
  /** Tells the others, now, that this node is there. */
  beat(): void;
  close(): Promise<void>;
}

/** Who is told of other nodes' hints; a node's own are left out. */
export interface HintListener {
  onHint(hint: Hint, node: string): void;
  /** Hints arrive from now on; those of a time before may have been missed. */
  onListening(): void;
}
