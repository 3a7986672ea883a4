import { setTimeout as wait } from "node:timers/promises";
import type { Timings } from "../timings.ts";

/** A connection, as far as stopping has to do with it. */
export interface Drainable {
  /**
   * Takes no more messages, answers those that were taken, then closes. Resolves when it is closed.
   */
  drain(): Promise<void>;
}

const SMALLEST_BATCH = 20;

/**
 * Closes connections in batches, so that devices do not all come back at one moment; the batches
 * are as small as the time allows. Resolves when all are closed, or the time is over.
 */
export async function drainAll(
  connections: ReadonlySet<Drainable>,
  { drainMs, drainBatchEveryMs }: Pick<Timings, "drainMs" | "drainBatchEveryMs">,
): Promise<void> {
  const over = new AbortController();
  const deadline = wait(drainMs, undefined, { signal: over.signal }).catch(() => undefined);
  const begun = [...connections];
  // Half of the time is for the answers that the last batch waits for.
  const batches = Math.max(1, Math.floor(drainMs / 2 / drainBatchEveryMs));
  const size = Math.max(SMALLEST_BATCH, Math.ceil(begun.length / batches));
  const closed: Promise<void>[] = [];
  for (let at = 0; at < begun.length; at += size) {
    if (at > 0) await wait(drainBatchEveryMs);
    for (const connection of begun.slice(at, at + size)) closed.push(connection.drain());
  }
  await Promise.race([Promise.all(closed), deadline]);
  over.abort();
}
