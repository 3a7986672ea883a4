import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { LoggedEvent } from "../../messaging/log/event.ts";
import type { LogObserver } from "../../messaging/log/log-observer.ts";
import type { RefusalCode } from "../socket/frames.ts";
import { gaugeOf, secondsBuckets } from "./instruments.ts";

/** Metrics of the conversation logs. */
export interface LogMetrics extends Omit<LogObserver, "refused"> {
  /** Called when a message was refused, by the log or earlier. */
  readonly refused: (code: RefusalCode) => void;
  /** Called when events of one conversation are durable. */
  readonly committed: (events: readonly LoggedEvent[]) => void;
  /** @param read returns the number of messages that no batch has taken yet */
  readonly watchBacklog: (read: () => number) => void;
  readonly partitionsKept: () => void;
  readonly partitionsFailed: () => void;
}

export function createLogMetrics(registry: Registry): LogMetrics {
  const registers = [registry];
  const accepted = new Counter({
    name: "sealdesk_messages_accepted_total",
    help: "Messages stored, each counted once however often it was sent",
    registers,
  });
  const changes = new Counter({
    name: "sealdesk_membership_events_total",
    help: "Membership events stored, by kind",
    labelNames: ["kind"],
    registers,
  });
  const refused = new Counter({
    name: "sealdesk_messages_refused_total",
    help: "Messages refused, by code",
    labelNames: ["code"],
    registers,
  });
  // Alerts compare a value with the one before, so the series must exist from the first scrape.
  refused.inc({ code: "unavailable" }, 0);
  const retried = new Counter({
    name: "sealdesk_messages_retried_total",
    help: "Messages put back because the database gave no answer",
    registers,
  });
  const conflicts = new Counter({
    name: "sealdesk_log_conflicts_total",
    help: "Conversations numbered again because another node appended first",
    registers,
  });
  const batchMessages = new Histogram({
    name: "sealdesk_batch_messages",
    help: "Messages in one batch",
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers,
  });
  const batchSeconds = new Histogram({
    name: "sealdesk_batch_commit_seconds",
    help: "Time from taking a batch until it is durable and delivered on this node",
    buckets: secondsBuckets,
    registers,
  });
  const batchFailures = new Counter({
    name: "sealdesk_batch_failures_total",
    help: "Batches that the database gave no answer to",
    registers,
  });
  const partitionsKept = new Gauge({
    name: "sealdesk_partitions_kept_timestamp_seconds",
    help: "When the partitions of this month and the next were last seen to be there",
    registers,
  });
  const partitionFailures = new Counter({
    name: "sealdesk_partition_failures_total",
    help: "Failed attempts to create partitions",
    registers,
  });
  return {
    async batch(messages, commit) {
      batchMessages.observe(messages);
      const end = batchSeconds.startTimer();
      try {
        await commit();
        end();
      } catch (error) {
        batchFailures.inc();
        throw error;
      }
    },
    refused: (code) => refused.inc({ code }),
    retried: (messages) => retried.inc(messages),
    conflicted: (conversations) => conflicts.inc(conversations),
    committed(events) {
      const [first] = events;
      if (first === undefined) return;
      // One part of a batch never holds both messages and changes.
      if (first.kind === "message") accepted.inc(events.length);
      else for (const { kind } of events) changes.inc({ kind });
    },
    watchBacklog: (read) =>
      gaugeOf(registry, "sealdesk_backlog_messages", "Messages that no batch has taken yet", {
        read,
      }),
    partitionsKept: () => partitionsKept.setToCurrentTime(),
    partitionsFailed: () => partitionFailures.inc(),
  };
}
