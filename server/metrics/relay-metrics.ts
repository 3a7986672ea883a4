import { Counter, Histogram, type Registry } from "prom-client";
import { closeCodes, type CloseReason } from "../socket/close-codes.ts";
import type {
  DeliverySource,
  SlowConsumerStep,
  SocketObserver,
} from "../socket/socket-observer.ts";
import { gaugeOf, secondsBuckets, labelledCounter } from "./instruments.ts";
import { knownCode } from "./known-code.ts";

/** Metrics of the relay's sockets and of what they are sent. */
export interface RelayMetrics extends Omit<SocketObserver, "refused"> {
  /** @param read returns the number of sockets that have been welcomed */
  readonly watchConnections: (read: () => number) => void;
  /**
   * @param read returns, for every socket, the bytes that are sent but not yet taken by the network
   */
  readonly watchBuffers: (read: () => Iterable<number>) => void;
  /** @param read returns the connections over HTTP, by how their frames are taken */
  readonly watchFallback: (read: () => Readonly<Record<string, number>>) => void;
  /**
   * Called when a device was welcomed. @param resumed whether it had been welcomed before
   */
  readonly welcomed: (resumed: boolean) => void;
  /**
   * Called with the time that one of this node's hints took to come back to it. Other nodes wait
   * about as long.
   */
  readonly hintLag: (ms: number) => void;
  /** Called when the relay closed a socket. */
  readonly closed: (reason: CloseReason, error?: unknown) => void;
}

const slowConsumerSteps: readonly SlowConsumerStep[] = [
  "dropped_ephemeral",
  "caught_up_from_log",
  "closed",
];

export function createRelayMetrics(registry: Registry): RelayMetrics {
  const registers = [registry];
  const hellos = new Counter({
    name: "sealdesk_hellos_total",
    help: "Devices let in, by whether they were let in before",
    labelNames: ["kind"],
    registers,
  });
  const closes = new Counter({
    name: "sealdesk_socket_closes_total",
    help: "Sockets that the relay closed, by reason",
    labelNames: ["reason"],
    registers,
  });
  for (const reason of Object.keys(closeCodes)) closes.inc({ reason }, 0);
  const errors = new Counter({
    name: "sealdesk_socket_errors_total",
    help: "Errors that ended a socket, by code",
    labelNames: ["code"],
    registers,
  });
  const gaps = new Counter({
    name: "sealdesk_gaps_total",
    help: "Gaps that devices were told of",
    registers,
  });
  const slowConsumers = new Counter({
    name: "sealdesk_slow_consumers_total",
    help: "What was done about devices that take deliveries too slowly",
    labelNames: ["step"],
    registers,
  });
  const hintLag = new Histogram({
    name: "sealdesk_hint_lag_seconds",
    help: "Time from sending a hint until it came back to its own node",
    buckets: secondsBuckets,
    registers,
  });
  for (const step of slowConsumerSteps) slowConsumers.inc({ step }, 0);
  return {
    watchConnections: (read) =>
      gaugeOf(registry, "sealdesk_connections", "Devices connected", { read }),
    watchBuffers: (read) =>
      gaugeOf(registry, "sealdesk_buffered_bytes", "Bytes that wait for devices to take them", {
        label: "sockets",
        read: () => {
          const sums = { all: 0, fullest: 0 };
          for (const bytes of read()) {
            sums.all += bytes;
            sums.fullest = Math.max(sums.fullest, bytes);
          }
          return sums;
        },
      }),
    watchFallback: (read) =>
      gaugeOf(
        registry,
        "sealdesk_fallback_connections",
        "Devices connected over HTTP instead of a WebSocket, by transport",
        { label: "transport", read },
      ),
    welcomed: (resumed) => hellos.inc({ kind: resumed ? "resumed" : "new" }),
    closed(reason, error) {
      closes.inc({ reason });
      if (error !== undefined) errors.inc({ code: knownCode(error) });
    },
    delivered: labelledCounter<DeliverySource>(
      registry,
      "sealdesk_deliveries_total",
      "Deliveries sent, by whether they came from their commit or were read from the log",
      { label: "from", values: ["commit", "log"] },
    ),
    hintLag: (ms) => hintLag.observe(ms / 1000),
    gap: () => gaps.inc(),
    slowConsumer: (step) => slowConsumers.inc({ step }),
  };
}
