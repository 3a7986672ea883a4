import { defaultTimings, type Timings as SocketTimings } from "./socket/timings.ts";

/** The times that the relay waits for devices, and a node for other nodes, in milliseconds. */
export interface Timings extends SocketTimings {
  /** Average time between two polls for what other nodes wrote and hints did not announce. */
  readonly pollMs: number;
  /** Minimum time between two sends of hints. */
  readonly hintFlushMs: number;
  /**
   * Time between two announcements that this node is alive. A node that stops announcing counts as
   * gone.
   */
  readonly beatMs: number;
  /**
   * Time between two searches for changes of devices that were not announced in every conversation.
   */
  readonly reconcileEveryMs: number;
  /** Time between two checks for server keys that another process rotated. */
  readonly serverKeysPollMs: number;
  /** The longest time for a request's headers, and then for its body. A route may allow less. */
  readonly requestMs: number;
  /** Time between two searches for heads of audit logs that a witness has not cosigned. */
  readonly cosignEveryMs: number;
  /** Time between two steps of the check of everything that the audit logs hold. */
  readonly checkEveryMs: number;
}

/** The timings of a server in operation. */
export const usualTimings: Timings = {
  ...defaultTimings,
  pollMs: 3_000,
  hintFlushMs: 5,
  beatMs: 10_000,
  reconcileEveryMs: 60_000,
  serverKeysPollMs: 2_000,
  requestMs: 30_000,
  cosignEveryMs: 60_000,
  checkEveryMs: 1_000,
};
