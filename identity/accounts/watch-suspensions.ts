import type { Pool } from "../../db/pool.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";

const SUSPENDED = `select id, suspended_at_ms from tenants where suspended_at_ms is not null`;

/**
 * Calls `onSuspended` once for each suspension by any process. The first poll also reports tenants
 * that were suspended before. It misses only a suspension that is lifted before the next poll.
 * @param everyMs time between two polls
 * @returns a function that stops the polling
 */
export function watchSuspensions(
  pool: Pool,
  everyMs: number,
  onSuspended: (tenant: TenantId) => void,
  onError: (error: unknown) => void,
): () => void {
  let known = new Map<TenantId, number>();
  let asking = false;
  const look = async () => {
    const { rows } = await pool.query<{ id: TenantId; suspended_at_ms: number }>(SUSPENDED);
    const before = known;
    known = new Map(rows.map((row) => [row.id, row.suspended_at_ms]));
    for (const [tenant, suspendedAtMs] of known)
      if (before.get(tenant) !== suspendedAtMs) onSuspended(tenant);
  };
  const timer = setInterval(() => {
    if (asking) return;
    asking = true;
    look()
      .catch(onError)
      .finally(() => {
        asking = false;
      });
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
