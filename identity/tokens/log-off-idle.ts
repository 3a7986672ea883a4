import { appendEntry } from "../../audit/append-entry.ts";
import { forEachTenant } from "../../db/for-each-tenant.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import type { UseCase } from "../audited.ts";
import type { Disconnect } from "./disconnect.ts";
import { disconnectEnded, endSessions } from "./end-sessions.ts";

interface LogOffDeps extends UseCase {
  readonly disconnect: Disconnect;
}

/** SQL of `decideIdle` on the session `s`. */
const IS_IDLE = `s.acted_at_ms <= sealdesk.database_now_ms() - (
  select t.idle_log_off_minutes * 60000::bigint from tenants t where t.id = s.tenant)`;

/**
 * Ends the sessions of a tenant in which no person did anything for too long (45 CFR 164.312(a)(2)(iii)). Each gets an
 * entry, whichever node ends it, and its connections are closed on all nodes.
 * @returns how many ended
 */
async function logOffIdle(deps: LogOffDeps, tenant: TenantId): Promise<number> {
  const { pool, now, disconnect } = deps;
  const ended = await inTransaction(pool, tenant, async (client) => {
    const sessions = await endSessions(client, IS_IDLE, [now()], { wasIdle: true });
    for (const { id, user } of sessions)
      await appendEntry(client, {
        occurredAtMs: now(),
        tenant,
        actor: { kind: "system", id: "idle-log-off" },
        action: "session.log_off",
        resource: { type: "session", id },
        subject: user,
        outcome: "success",
      });
    return sessions;
  });
  disconnectEnded(disconnect, tenant, ended);
  return ended.length;
}

/**
 * Looks for idle sessions now and every `everyMs` milliseconds.
 * @returns a function that stops the task
 */
export const logOffIdlePeriodically = (
  deps: LogOffDeps,
  everyMs: number,
  onError: (error: unknown) => void,
): (() => Promise<void>) =>
  runPeriodically(
    () => forEachTenant(deps.pool, (tenant) => logOffIdle(deps, tenant)),
    everyMs,
    onError,
  );
