import { forEachTenant } from "../../db/for-each-tenant.ts";
import type { Pool } from "../../db/pool.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { inTransaction } from "../../db/transaction.ts";
import { dayOf } from "../../policies/message-quota.ts";

interface Deps {
  readonly pool: Pool;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/**
 * Deletes the counts of days that are over, except yesterday's.
 * @returns how many were deleted
 */
export const sweepDays = ({ pool, now }: Deps): Promise<number> =>
  forEachTenant(pool, (tenant) =>
    inTransaction(pool, tenant, async (client) => {
      const { rowCount } = await client.query(
        "delete from storage_usage where tenant = $1 and kind = 'messages_of_account' and day < $2",
        [tenant, dayOf(now()) - 1],
      );
      return rowCount ?? 0;
    }),
  );

const EVERY_MS = 3_600_000;

/**
 * Sweeps now and every hour.
 * @returns a function that stops the task
 */
export const sweepDaysPeriodically = (deps: Deps, onError: (error: unknown) => void) =>
  runPeriodically(() => sweepDays(deps), EVERY_MS, onError);
