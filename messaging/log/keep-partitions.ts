import type { Pool } from "../../db/pool.ts";

const ENSURE = `select sealdesk.ensure_partitions(now()), sealdesk.ensure_partitions(now() + interval '1 month')`;
const INTERVAL_MS = 6 * 3_600_000;

/**
 * Creates the partitions of this month and the next, now and every six hours.
 * @param onKept called each time the partitions exist
 * @returns a function that stops it
 */
export async function keepPartitions(
  pool: Pool,
  onError: (error: unknown) => void,
  onKept: () => void = () => undefined,
): Promise<() => void> {
  await pool.query(ENSURE);
  onKept();
  const timer = setInterval(() => {
    pool.query(ENSURE).then(onKept, onError);
  }, INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
