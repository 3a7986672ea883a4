import { setTimeout as wait } from "node:timers/promises";
import { SinkError } from "./sink-error.ts";

/**
 * Waits for `work`, but not for longer than `limitMs`. What takes longer goes on, and its end is not waited for.
 * @throws SinkError sink_too_slow; the errors of `work`
 */
export async function inTime<T>(work: Promise<T>, limitMs: number): Promise<T> {
  const timer = new AbortController();
  const late = wait(limitMs, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw new SinkError(
      "sink_too_slow",
      `It did not answer within ${limitMs / 1_000} seconds. Check that it still runs and that its disk answers.`,
    );
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}
