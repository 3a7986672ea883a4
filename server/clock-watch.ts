import { asIntegrator } from "../audit/check/as-integrator.ts";
import { parseEntry } from "../audit/export/entry-filter.ts";
import { MOST_APART_MS } from "../audit/clocks.ts";
import type { TenantId } from "../crypto/wire/ids.ts";
import { readDatabaseClock } from "../db/database-clock.ts";
import type { Pool } from "../db/pool.ts";
import { runPeriodically } from "../db/run-periodically.ts";
import { inTransaction } from "../db/transaction.ts";
import { auditForAll } from "../keys/server-keys/audit-for-all.ts";
import type { Log } from "./log.ts";

/** A smaller change is not a jump. Time services correct a clock slowly, so that both clocks show it. */
const JUMP_MS = 10_000;

/** Two clocks, read at the same moment, in milliseconds. */
interface ClockReading {
  /** Since the Unix epoch. */
  readonly nowMs: number;
  /** By a clock that nobody can set. */
  readonly steadyMs: number;
}

/** What a clock was compared with, as the entry says it. */
type Comparison = "itself" | "database" | "newest_entries";

interface Deps {
  readonly pool: Pool;
  readonly now: () => number;
  readonly log: Log;
}

/** Returns by how much the clock was put forward between two readings. Negative: put back. 0: not at all. */
export function jumpBetween(before: ClockReading, after: ClockReading): number {
  const byMs = after.nowMs - before.nowMs - (after.steadyMs - before.steadyMs);
  return Math.abs(byMs) > JUMP_MS ? Math.round(byMs) : 0;
}

/**
 * Returns a function that compares each reading with the first one, so that many small changes add up to a
 * jump. It compares the next readings with the one at which a jump was recorded.
 * @param record called with the milliseconds of a jump. If it fails, the next reading finds the jump again
 */
export function jumpRecorder(
  record: (byMs: number) => Promise<void>,
): (reading: ClockReading) => Promise<void> {
  let baseline: ClockReading | undefined;
  return async (reading) => {
    baseline ??= reading;
    const byMs = jumpBetween(baseline, reading);
    if (byMs === 0) return;
    await record(byMs);
    baseline = reading;
  };
}

/**
 * Looks at this node's clock every `everyMs`, and records jumps in every tenant's log and in the operator's,
 * because the times of entries come from it. At the start it compares the clock with the newest entries, and
 * always with the database's clock. A computer that slept seems to have jumped.
 * @returns a function that stops it
 */
export function watchClock(
  { pool, now, log }: Deps,
  everyMs: number,
  onError: (error: unknown) => void,
): () => Promise<void> {
  let isFirst = true;
  let isApart = false;
  const record = async (byMs: number, comparedWith: Comparison) => {
    log.warn("the clock jumped", { byMs, comparedWith });
    await recordJump(pool, now(), { byMs, comparedWith });
  };
  const compareWithItself = jumpRecorder((byMs) => record(byMs, "itself"));
  const look = async () => {
    const reading = { nowMs: now(), steadyMs: performance.now() };
    await compareWithItself(reading);
    if (isFirst) {
      const behindMs = (await newestEntryMs(pool)) - reading.nowMs;
      if (behindMs > JUMP_MS) await record(-behindMs, "newest_entries");
      isFirst = false;
    }
    const apartMs = now() - (await readDatabaseClock(pool));
    const isApartNow = Math.abs(apartMs) > MOST_APART_MS;
    if (isApartNow && !isApart) await record(apartMs, "database");
    isApart = isApartNow;
  };
  return runPeriodically(look, everyMs, onError);
}

const recordJump = (
  pool: Pool,
  occurredAtMs: number,
  details: { readonly byMs: number; readonly comparedWith: Comparison },
): Promise<void> =>
  inTransaction(pool, "", (client) =>
    auditForAll(client, {
      by: "clock",
      occurredAtMs,
      action: "clock.jump",
      resource: { type: "node", id: "clock" },
      outcome: "success",
      details,
    }),
  );

/** The number of entries, the newest ones, with which the clock is compared at the start. */
const NEWEST = 64;
const NEWEST_OF_EACH = `
  select tenant, array_agg(id) as entries from (
    select id, tenant from audit.entries order by id desc limit $1
  ) as newest where tenant in (select id from sealdesk.tenants) group by tenant`;

/** Returns the latest time of the newest entries of tenants; 0 if there are none that can be read. */
async function newestEntryMs(pool: Pool): Promise<number> {
  let latestMs = 0;
  const { rows } = await asIntegrator(pool, (client) =>
    client.query<{ tenant: TenantId; entries: readonly number[] }>(NEWEST_OF_EACH, [NEWEST]),
  );
  for (const { tenant, entries } of rows)
    await inTransaction(pool, tenant, async (client) => {
      const found = await client.query<{ entry: Uint8Array }>(
        "select entry from audit.entries where id = any($1)",
        [entries],
      );
      for (const { entry } of found.rows)
        latestMs = Math.max(latestMs, parseEntry(entry)?.occurredAtMs ?? 0);
    });
  return latestMs;
}
