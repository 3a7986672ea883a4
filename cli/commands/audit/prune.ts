import type { LogId } from "../../../crypto/wire/ids.ts";
import { setTimeout as pause } from "node:timers/promises";
import { appendToLog } from "../../../audit/append-entry.ts";
import { planPruning } from "../../../audit/prune/plan-pruning.ts";
import { declareRemovals, pruneLog } from "../../../audit/prune/prune-log.ts";
import { readClocks } from "../../../audit/prune/read-clocks.ts";
import type { Pool } from "../../../db/pool.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { asOwner } from "../../../db/as-owner.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { timeOf } from "../moments.ts";
import { catchUpIfAlone, withLog } from "./open-log.ts";

const DAY_MS = 86_400_000;
const PATIENCE_MS = 10_000;
const BETWEEN_LOOKS_MS = 100;

/**
 * Removes old entries of a tenant's log as far as the retention permits. The entry that declares it
 * is signed before anything is removed.
 * @throws CommandError; AuditError not_prunable, audit_log_altered
 */
export async function pruneCommand(
  settings: Settings,
  options: { readonly tenant: string; readonly before: string; readonly dryRun?: true },
): Promise<string> {
  const beforeMs = timeOf(options.before) ?? 0;
  const leastMs = settings.auditRetainDays * DAY_MS;
  if (!(leastMs >= DAY_MS)) throw new CommandError("AUDIT_RETAIN_DAYS must be a number of days.");
  const witnesses = settings.audit.witnesses.map(({ key }) => key);
  return withLog(settings, { tenant: options.tenant }, async (log, { pool, ownerUrl }) => {
    const { origin, minimumIndex: before } = log;
    const clocks = await readClocks(pool, log.log, Date.now(), witnesses);
    const plan = await planPruning(pool, log, { beforeMs, retainMs: leastMs, clocks });
    const { minimumIndex, removals, retainMs } = plan;
    if (minimumIndex <= before)
      return `Nothing of ${origin} is removed: no whole bundle of 256 entries is from before that time and was kept for ${retainMs / DAY_MS} days, by the time that the log itself shows.`;
    if (options.dryRun === true)
      return `Entries ${before} to ${minimumIndex - 1} of ${origin} would be removed. Nothing was changed.`;
    const entry = await inTransaction(pool, log.log, (client) =>
      appendToLog(client, log.log, {
        occurredAtMs: Date.now(),
        actor: settings.operator,
        action: "audit.prune",
        resource: { type: "audit-log", id: origin },
        outcome: "success",
        details: { beforeMs, retainMs, minimumIndex, removals, ...clocks },
      }),
    );
    await catchUpIfAlone(settings, ownerUrl, log.signer);
    await awaitSigned(pool, log.log, entry);
    await asOwner(ownerUrl, log.log, (client) => declareRemovals(client, log.log, plan));
    await asOwner(ownerUrl, log.log, (client) => pruneLog(client, log.log, plan));
    return `Entries of ${origin} below ${minimumIndex} are pruned; their hashes stay.`;
  });
}

const SIGNED = `
  select from audit.leaves where log = $1 and entry = $2
    and index < (select max(size) from audit.checkpoints where log = $1)`;

async function awaitSigned(pool: Pool, log: LogId, entry: number): Promise<void> {
  for (const untilMs = performance.now() + PATIENCE_MS; ;) {
    const { rowCount } = await inTransaction(pool, log, (client) =>
      client.query(SIGNED, [log, entry]),
    );
    if (rowCount === 1) return;
    if (performance.now() > untilMs)
      throw new CommandError(
        "The entry that declares the pruning is not signed yet, so nothing was removed. Look at /readyz, and run the command again.",
      );
    await pause(BETWEEN_LOOKS_MS);
  }
}
