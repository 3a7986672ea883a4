import type { RefusalCode } from "./frames.ts";

/** The reaction to a device that takes its deliveries too slowly. */
export type SlowConsumerStep = "dropped_ephemeral" | "caught_up_from_log" | "closed";

/** The source of a delivery: its commit, or the log. */
export type DeliverySource = "commit" | "log";

/** Receives events for metrics. They never contain what was sent. */
export interface SocketObserver {
  readonly delivered: (from: DeliverySource) => void;
  /** Called when a message was refused before it reached the log. */
  readonly refused: (code: RefusalCode) => void;
  /** Called when a device was told that part of a log no longer exists. */
  readonly gap: () => void;
  readonly slowConsumer: (step: SlowConsumerStep) => void;
}
