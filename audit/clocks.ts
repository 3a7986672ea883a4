import { readDatabaseClock } from "../db/database-clock.ts";
import type { Queryable } from "../db/client.ts";
import { AuditError } from "./audit-error.ts";

/** The largest accepted difference between two clocks. */
export const MOST_APART_MS = 300_000;

/**
 * Requires that the clock of this process agrees with the database's. A command gives its clock's time to
 * the entries that it writes, and lists of accounts as of a time rely on these times.
 * @param processMs the clock of this process, in milliseconds since the Unix epoch
 * @throws AuditError clocks_apart, if they differ by more than five minutes
 */
export async function assertClocksAgree(client: Queryable, processMs: number): Promise<void> {
  const apartMs = Math.abs((await readDatabaseClock(client)) - processMs);
  if (apartMs > MOST_APART_MS)
    throw new AuditError(
      "clocks_apart",
      `The clock of this computer and that of the database are ${Math.round(apartMs / 1_000)} seconds apart. Nothing is done while they disagree, because entries of the audit log would get a false time.`,
    );
}
