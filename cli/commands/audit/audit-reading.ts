import type { ActionOn } from "../../../audit/actions.ts";
import { appendEntry, type AuditEntry } from "../../../audit/append-entry.ts";
import type { Pool } from "../../../db/pool.ts";
import { inTransaction } from "../../../db/transaction.ts";
import type { Settings } from "../../settings.ts";
import type { LogChoice, OpenLog } from "./open-log.ts";

/**
 * Records that the operator reads a tenant's log, before anything is read. The operator's log has no
 * tenant whose log could record it.
 */
export async function auditReading<A extends ActionOn<"key-log">>(
  { operator }: Settings,
  pool: Pool,
  { tenant }: Pick<OpenLog, "tenant">,
  { keys }: LogChoice,
  act: Pick<AuditEntry<A>, "action" | "details">,
): Promise<void> {
  if (tenant === undefined) return;
  await inTransaction(pool, tenant, (client) =>
    appendEntry(client, {
      occurredAtMs: Date.now(),
      tenant,
      actor: operator,
      resource: { type: keys === true ? "key-log" : "audit-log", id: tenant },
      outcome: "success",
      ...act,
    }),
  );
}
