import { appendEntry } from "../../../audit/append-entry.ts";
import { NO_TENANT } from "../../../audit/logs.ts";
import { KnownHeads } from "../../../audit/read/known-heads.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";
import type { Pool } from "../../../db/pool.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { accountsAndSettings } from "../../../identity/reconcile/compare-state.ts";
import { settingsAndMigrations } from "../../../identity/reconcile/deployment-state.ts";
import {
  describeDifference,
  placesOf,
  type Difference,
} from "../../../identity/reconcile/difference.ts";
import { RecordedLog } from "../../../identity/reconcile/recorded-log.ts";
import { replayRows } from "../../../identity/reconcile/replay-rows.ts";
import type { Replay, ReplayedState } from "../../../identity/reconcile/replay.ts";
import { kmsAuditSigner } from "../../../keys/audit-signer.ts";
import { openKms } from "../../../keys/kms/open-kms.ts";
import { grantRows } from "../../../messaging/history/grant-rows.ts";
import { classificationRows } from "../../../workflows/retention/classification-rows.ts";
import { namedTenant } from "../../named-tenant.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withDatabase } from "../../with-database.ts";

export interface ReconcileOptions {
  /** The slug of a tenant. Without it, all tenants are compared, and what the operator's log tells. */
  readonly tenant?: string;
}

/**
 * Compares accounts, roles, settings, grants, consents and classifications with the audit logs, and the settings of nodes and
 * the migrations with the operator's log.
 * @param onDifference called if the database is not what the logs say
 * @throws AuditError audit_log_altered and the refusals of `KnownHeads.open`; CommandError
 */
export async function reconcileCommand(
  settings: Settings,
  { tenant: slug }: ReconcileOptions,
  onDifference: () => void,
): Promise<string> {
  const { kms } = await openKms(settings.kms());
  try {
    const { publicKey } = await kmsAuditSigner(kms);
    return await withDatabase(settings, async ({ pool }) => {
      const lines: string[] = [];
      for (const tenant of await chooseTenants(pool, slug)) {
        await inTransaction(pool, tenant, (client) =>
          appendEntry(client, {
            occurredAtMs: Date.now(),
            tenant,
            actor: settings.operator,
            action: "audit.reconcile",
            resource: { type: "audit-log", id: tenant },
            outcome: "success",
          }),
        );
        const heads = new KnownHeads(publicKey);
        const log = { pool, heads, tenant };
        const { origin, size, differences: all } = await compareAll(log);
        if (all.length > 0) onDifference();
        lines.push(
          ...all.map(describeDifference),
          all.length === 0
            ? `The database agrees with the ${size} entries of the log ${origin}.`
            : `The database differs from the log ${origin} in ${placesOf(all)}.`,
        );
      }
      return lines.join("\n");
    });
  } finally {
    await kms.close();
  }
}

interface LogToCompare {
  readonly pool: Pool;
  readonly heads: KnownHeads;
  readonly tenant: TenantId;
}

async function compareAll(log: LogToCompare): Promise<Compared> {
  if (log.tenant === NO_TENANT) return compare(log, settingsAndMigrations);
  const { origin, size, differences } = await compare(log, accountsAndSettings);
  const more = await compare(log, replayRows([grantRows, classificationRows]));
  return { origin, size, differences: [...differences, ...more.differences] };
}

interface Compared {
  readonly origin: string;
  readonly size: number;
  readonly differences: readonly Difference[];
}

async function compare<State extends ReplayedState<State>>(
  { pool, heads, tenant }: LogToCompare,
  replay: Replay<State>,
): Promise<Compared> {
  const log = new RecordedLog(pool, heads, tenant, replay);
  while (!(await log.readOn()));
  const differences = await log.compare();
  const { origin, size } = log;
  if (differences === undefined)
    throw new CommandError(
      `Too many entries of the log ${origin} wait for a signature. Start the server first.`,
    );
  return { origin, size, differences };
}

async function chooseTenants(pool: Pool, slug: string | undefined): Promise<readonly TenantId[]> {
  if (slug === undefined) {
    const { rows } = await pool.query<{ id: TenantId }>("select id from tenants order by slug");
    return [NO_TENANT, ...rows.map(({ id }) => id)];
  }
  return [(await namedTenant(pool, slug)).id];
}
