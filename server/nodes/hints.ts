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

/** What one node tells the others. */
export interface Hint {
  readonly heads: readonly HeadHint[];
  readonly devices: readonly DeviceHint[];
}

/**
 * The way hints travel between nodes. A hint may be lost, late, repeated or, from whoever else can
 * write to the channel, false: it is a reason to look, never a fact.
 */
export interface Hints {
  /** Returns at once; what is announced before it could be sent is sent together. */
  announce(heads: readonly HeadHint[]): void;
  announceDevices(devices: readonly DeviceHint[]): void;
  close(): Promise<void>;
}

/** Who is told of other nodes' hints; a node's own are left out. */
export interface HintListener {
  onHint(hint: Hint): void;
  /** Hints arrive from now on; those of a time before may have been missed. */
  onListening(): void;
}
