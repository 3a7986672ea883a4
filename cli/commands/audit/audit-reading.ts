import type { ActionOn } from "../../../audit/actions.ts";
import { appendEntry, type AuditEntry } from "../../../audit/append-entry.ts";
import { NO_TENANT } from "../../../audit/logs.ts";
import type { Pool } from "../../../db/pool.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { assertOperatorPurpose } from "../../../identity/assert-purpose.ts";
import type { Settings } from "../../settings.ts";
import type { LogChoice, OpenLog } from "./open-log.ts";

/**
 * Records that the operator reads a log, before anything is read: in the tenant's audit log, or in the
 * operator's log if that is read.
 * @throws IdentityError purpose_required
 */
export async function auditReading<A extends ActionOn<"key-log">>(
  { operator }: Settings,
  pool: Pool,
  { tenant = NO_TENANT }: Pick<OpenLog, "tenant">,
  { keys }: LogChoice,
  act: Pick<AuditEntry<A>, "action" | "details">,
): Promise<void> {
  const read = act.action === "audit.tail" ? "audit_log" : "exports";
  await inTransaction(pool, tenant, async (client) => {
    if (keys !== true) await assertOperatorPurpose(client, tenant, operator, read);
    await appendEntry(client, {
      occurredAtMs: Date.now(),
      tenant,
      actor: operator,
      resource: { type: keys === true ? "key-log" : "audit-log", id: tenant },
      outcome: "success",
      ...act,
    });
  });
}
