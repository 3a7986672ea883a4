import type { RefusalCode } from "./frames.ts";

/** What was done about a device that takes its deliveries too slowly. */
export type SlowConsumerStep = "dropped_ephemeral" | "caught_up_from_log" | "closed";

/** Where a delivery came from: directly from its commit, or read from the log. */
export type DeliverySource = "commit" | "log";

/** Events for metrics. They tell that something was sent, never what. */
export interface SocketObserver {
  readonly delivered: (from: DeliverySource) => void;
  /** Called when a message was refused before it reached the log. */
  readonly refused: (code: RefusalCode) => void;
  /** Called when a device was told that part of a log no longer exists. */
  readonly gap: () => void;
  readonly slowConsumer: (step: SlowConsumerStep) => void;
}
