import type { RefusalCode } from "./frames.ts";

/** What was done about a device that takes its deliveries too slowly. */
export type SlowConsumerStep = "dropped_ephemeral" | "caught_up_from_log" | "closed";

/** Where a delivery came from: straight from its commit, or read from the log. */
export type DeliverySource = "commit" | "log";

/** What somebody outside may see of the sockets at work: that something was sent, never what. */
export interface SocketObserver {
  readonly delivered: (from: DeliverySource) => void;
  /** A message was refused before it came to the log. */
  readonly refused: (code: RefusalCode) => void;
  /** A device was told that part of a log is gone. */
  readonly gap: () => void;
  readonly slowConsumer: (step: SlowConsumerStep) => void;
}
