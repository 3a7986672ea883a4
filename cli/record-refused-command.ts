import { appendRefusal } from "../audit/append-refusal.ts";
import { AuditError } from "../audit/audit-error.ts";
import { NO_TENANT } from "../audit/logs.ts";
import { readDatabaseClock } from "../db/database-clock.ts";
import type { Pool } from "../db/pool.ts";
import { findTenant } from "../identity/accounts/tenant.ts";
import { DomainError } from "../policies/domain-error.ts";
import { CommandError, type Settings } from "./settings.ts";

/**
 * Records that a command was refused or failed, in the log of the tenant that it names, otherwise in the
 * operator's log. It records no errors of the database: they are in the database's own log.
 */
export async function recordRefusedCommand(
  pool: Pool,
  { operator, command }: Pick<Settings, "operator" | "command">,
  error: unknown,
): Promise<void> {
  const isRefusal = error instanceof DomainError || error instanceof CommandError;
  if (!isRefusal && !(error instanceof AuditError)) return;
  const tenant = command.tenant === undefined ? undefined : await findTenant(pool, command.tenant);
  await appendRefusal(pool, {
    // The clock of this process may be why the command is refused.
    occurredAtMs: await readDatabaseClock(pool),
    tenant: tenant?.id ?? NO_TENANT,
    actor: operator,
    action: "command.run",
    resource: { type: "command", id: command.name },
    outcome: isRefusal ? "refused" : "failed",
    reason: error.code,
  });
}
