import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Pool } from "../../db/pool.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { throwAll } from "../../db/throw-all.ts";
import { inTransaction } from "../../db/transaction.ts";
import { dayOf } from "../../policies/message-quota.ts";

interface Deps {
  readonly pool: Pool;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Deletes the counts of days that are over, except yesterday's. */
export async function sweepDays({ pool, now }: Deps): Promise<void> {
  const { rows: tenants } = await pool.query<{ id: Uuid }>("select id from tenants");
  const failures: unknown[] = [];
  for (const { id } of tenants)
    await inTransaction(pool, id, (client) =>
      client.query(
        "delete from storage_usage where tenant = $1 and kind = 'messages_of_account' and day < $2",
        [id, dayOf(now()) - 1],
      ),
    ).catch((error: unknown) => failures.push(error));
  throwAll(failures, "The counts of some tenants could not be deleted.");
}

const EVERY_MS = 3_600_000;

/**
 * Sweeps now and every hour.
 * @returns a function that stops the task
 */
export const sweepDaysPeriodically = (deps: Deps, onError: (error: unknown) => void) =>
  runPeriodically(() => sweepDays(deps), EVERY_MS, onError);
