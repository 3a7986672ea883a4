import { setTimeout as pause } from "node:timers/promises";
import { tryLead } from "../../../../audit/integrate/session.ts";
import type { Client } from "../../../../db/pool.ts";
import { CommandError } from "../../../settings.ts";

/** The time for which the command waits for the lock of the node that continues the logs. */
const LOCK_MS = 10_000;

/**
 * Takes the lock, so that no node continues the logs while the command decides from where they
 * continue.
 */
export async function takeLock(client: Client): Promise<void> {
  for (const untilMs = performance.now() + LOCK_MS; !(await tryLead(client));) {
    if (performance.now() > untilMs)
      throw new CommandError("A node continues the logs. Stop all nodes, then run this again.");
    await pause(100);
  }
}
