import type { LoggedEvent } from "../messaging/log/event.ts";
import type { LogObserver } from "../messaging/log/log-observer.ts";
import type { Watchers } from "./watchers.ts";

/**
 * Creates an observer that reports the conversation logs to metrics and traces.
 * @returns undefined when neither is configured
 */
export function logObserver({ metrics, tracing }: Watchers): LogObserver | undefined {
  if (metrics === undefined && tracing === undefined) return undefined;
  return {
    batch(messages, commit) {
      const traced = () =>
        tracing === undefined
          ? commit()
          : tracing.root("commit batch", { "sealdesk.messages": messages }, commit);
      return metrics === undefined ? traced() : metrics.log.batch(messages, traced);
    },
    refused: (code) => metrics?.log.refused(code),
    retried: (messages) => metrics?.log.retried(messages),
    conflicted: (conversations) => metrics?.log.conflicted(conversations),
  };
}

/** Wraps `publish` so that its deliveries are counted and timed. */
export function observedPublish(
  publish: (events: readonly LoggedEvent[]) => void,
  { metrics, tracing }: Watchers,
): (events: readonly LoggedEvent[]) => void {
  if (metrics === undefined && tracing === undefined) return publish;
  return (events) => {
    metrics?.log.committed(events);
    if (tracing === undefined || events.length === 0) publish(events);
    else tracing.child("deliver", { "sealdesk.events": events.length }, () => publish(events));
  };
}
