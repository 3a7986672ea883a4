import { appendEntry } from "../../audit/append-entry.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { throwAll } from "../../db/throw-all.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { UseCase } from "../../identity/audited.ts";

const OVERDUE =
  "select tenants_with_overdue_erasures as tenant from sealdesk.tenants_with_overdue_erasures()";
// Of two nodes, the second one finds nothing left.
const ESCALATE = `
  with escalated as (
    update deferred_erasures set escalated_at_ms = sealdesk.database_now_ms()
    where due_at_ms <= sealdesk.database_now_ms() and attended_at_ms is null and escalated_at_ms is null
    returning erasure, subject)
  select erasure, subject, count(*)::integer as items from escalated group by erasure, subject order by erasure`;

/**
 * Alerts officers to each re-opened erasure that nobody has seen to in 30 days, once, by the clock of the database. It
 * goes on waiting.
 * @returns how many
 */
export async function escalateWaiting({ pool, now }: UseCase): Promise<number> {
  const { rows } = await pool.query<{ tenant: TenantId }>(OVERDUE);
  const failures: unknown[] = [];
  let count = 0;
  for (const { tenant } of rows)
    try {
      count += await escalateIn({ pool, now }, tenant);
    } catch (error) {
      failures.push(error);
    }
  throwAll(failures, "Some erasures could not be escalated.");
  return count;
}

const escalateIn = ({ pool, now }: UseCase, tenant: TenantId): Promise<number> =>
  inTransaction(pool, tenant, async (client) => {
    const { rows } = await client.query<{ erasure: Uuid; subject: UserId; items: number }>(
      ESCALATE,
    );
    for (const { erasure, subject, items } of rows)
      await appendEntry(client, {
        occurredAtMs: now(),
        tenant,
        actor: { kind: "system", id: "holds" },
        action: "hold.escalate",
        resource: { type: "erasure", id: erasure },
        subject,
        outcome: "success",
        details: { items },
      });
    return rows.length;
  });

const EVERY_MS = 60_000;

/** Looks every minute for erasures that wait too long. @returns a function that stops */
export const escalateWaitingPeriodically = (
  deps: UseCase,
  onError: (error: unknown) => void,
): (() => Promise<void>) => runPeriodically(() => escalateWaiting(deps), EVERY_MS, onError);
