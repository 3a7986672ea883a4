import { forEachTenant } from "../../db/for-each-tenant.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { inTransaction } from "../../db/transaction.ts";
import { LOGOUT_KEPT_MS } from "../providers/recent-logouts.ts";
import type { UseCase } from "../audited.ts";

type SweepDeps = Pick<UseCase, "pool" | "now">;

/** The time for which the row of a session is kept after the session can no longer be renewed. */
const KEPT_MS = 24 * 3_600_000;

/**
 * Deletes sessions that ended by themselves a day ago, logouts that no sign-in under way can still meet, and answered
 * challenges of passkeys that have expired. The audit log still has the entries of the sessions.
 * @returns how many sessions were deleted
 */
export const sweepSessions = ({ pool, now }: SweepDeps): Promise<number> =>
  forEachTenant(pool, (tenant) =>
    inTransaction(pool, tenant, async (client) => {
      const { rowCount } = await client.query("delete from sessions where expires_at_ms <= $1", [
        now() - KEPT_MS,
      ]);
      await client.query("delete from provider_logouts where received_at_ms <= $1", [
        now() - LOGOUT_KEPT_MS,
      ]);
      await client.query("delete from answered_challenges where expires_at_ms <= $1", [now()]);
      return rowCount ?? 0;
    }),
  );

const EVERY_MS = 3_600_000;

/**
 * Sweeps now and every hour.
 * @returns a function that stops the task
 */
export const sweepSessionsPeriodically = (deps: SweepDeps, onError: (error: unknown) => void) =>
  runPeriodically(() => sweepSessions(deps), EVERY_MS, onError);
