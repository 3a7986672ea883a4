import { join } from "node:path";
import { appendRefusal } from "../audit/append-refusal.ts";
import { AuditError } from "../audit/audit-error.ts";
import { assertClocksAgree } from "../audit/clocks.ts";
import { NO_TENANT } from "../audit/logs.ts";
import { assertReachable } from "../db/assert-reachable.ts";
import { claimCluster } from "../db/claim-cluster.ts";
import { readDatabaseClock } from "../db/database-clock.ts";
import { sqlState } from "../db/database-error.ts";
import { startEmbeddedPostgres } from "../db/embedded-postgres.ts";
import { createPool, type Pool } from "../db/pool.ts";
import { createSession } from "../db/session.ts";
import { findTenant } from "../identity/accounts/tenant.ts";
import { DomainError } from "../policies/domain-error.ts";
import { unlessInterrupted } from "./interruption.ts";
import { CommandError, type Settings } from "./settings.ts";

// The role of the pool's sessions, a table, or a schema does not exist.
const MISSING_SCHEMA = ["22023", "42P01", "3F000"];

/** The database a command works on, as its owner. */
export interface CommandDatabase {
  readonly ownerUrl: string;
  /** Sessions with the application's role, confined by row-level security like the server's. */
  readonly pool: Pool;
}

/**
 * Runs `work` on the configured database, or on the embedded one if none is configured. Starts the
 * embedded one if it does not run. Stops it again, also after a signal, unless a server has taken
 * it over in the meantime. If `work` is refused, the audit log has an entry of it.
 * @throws DatabaseError database_unreachable after ten seconds; AuditError clocks_apart; Interrupted, and
 *   whatever `work` throws
 */
export async function withDatabase<T>(
  settings: Settings,
  work: (database: CommandDatabase) => Promise<T>,
): Promise<T> {
  if (settings.owner !== undefined) {
    await assertReachable(settings.owner);
    return withPool(settings, settings.owner.url, work);
  }
  const cluster = await startEmbeddedPostgres(join(settings.home, "postgres"));
  try {
    return await unlessInterrupted(withPool(settings, cluster.ownerUrl, work));
  } finally {
    // Takes the claim. If that works, no server uses the database, even if one left it running.
    const claim = await claimCluster(cluster.ownerUrl);
    if (claim !== undefined) {
      await claim.release();
      await cluster.stop();
    }
  }
}

async function withPool<T>(
  settings: Settings,
  ownerUrl: string,
  work: (database: CommandDatabase) => Promise<T>,
): Promise<T> {
  const pool = createPool(ownerUrl, { max: 2 });
  try {
    await assertClockIsRight(ownerUrl);
    return await work({ ownerUrl, pool });
  } catch (cause) {
    // If this cannot be recorded either, the first failure is what the operator must see.
    await recordRefusedCommand(pool, settings, cause).catch(() => undefined);
    if (!MISSING_SCHEMA.includes(sqlState(cause) ?? "")) throw cause;
    throw new CommandError("The database has no schema yet. Run sealdesk migrate first.", {
      cause,
    });
  } finally {
    await pool.end();
  }
}

/** Asks in a session of the owner, because the pool's role does not exist before the first migration. */
async function assertClockIsRight(ownerUrl: string): Promise<void> {
  const session = createSession(ownerUrl, { name: "sealdesk-check" });
  try {
    await session.connect();
    await assertClocksAgree(session, Date.now());
  } finally {
    await session.end();
  }
}

/**
 * Records that a command was refused or failed, in the log of the tenant that it names, otherwise in the
 * operator's log. It records no errors of the database: they are in the database's own log.
 */
async function recordRefusedCommand(
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
