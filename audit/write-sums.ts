import { forEachTenant } from "../db/for-each-tenant.ts";
import { runPeriodically } from "../db/run-periodically.ts";
import type { Pool } from "../db/pool.ts";
import { inTransaction } from "../db/transaction.ts";
import type { TenantId, UserId } from "../crypto/wire/ids.ts";
import type { ActionClass } from "./actions/action-spec.ts";
import { NO_TENANT } from "./logs.ts";
import { appendEntries, type EntryRecord } from "./append-entry.ts";
import { FULL_ENTRIES } from "./append-repeatable.ts";
import { CLOCK_AHEAD_MS, PERIOD_MS, repeatedCountsOf } from "./repeated-counts.ts";

interface Deps {
  readonly pool: Pool;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

interface Repeated {
  readonly action: string;
  readonly class: ActionClass;
  readonly outcome: EntryRecord["outcome"];
  readonly reason: string;
  readonly account: UserId;
  readonly actorKind: "user" | "system";
  readonly actorId: string;
  readonly seen: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

// The count is removed and its entry is written in one transaction. So no count becomes two entries,
// and none is lost when a node is killed.
const TAKE = `
  delete from audit.repeats where since_ms <= $1 or since_ms > $2
  returning action, class, outcome, reason, account, actor_kind as "actorKind", actor_id as "actorId",
    seen, first_ms as "firstMs", last_ms as "lastMs"`;

/**
 * Writes one entry for each kind of act that an account repeated more than `FULL_ENTRIES` times in
 * an hour that is over. The entry says how many acts have no entry of their own, and when the first
 * and the last of them happened.
 * @returns the number of entries written
 */
async function writeSums({ pool, now }: Deps): Promise<number> {
  const ofTenants = await forEachTenant(pool, (tenant) => writeSumsOf(pool, tenant, now()));
  return ofTenants + (await writeSumsOf(pool, NO_TENANT, now()));
}

const writeSumsOf = (pool: Pool, tenant: TenantId, nowMs: number): Promise<number> =>
  inTransaction(pool, tenant, async (client) => {
    // A count from the future was begun by a wrong clock, or it is forged.
    const { rows } = await client.query<Repeated>(TAKE, [
      nowMs - PERIOD_MS,
      nowMs + CLOCK_AHEAD_MS,
    ]);
    const counts = repeatedCountsOf(pool);
    counts?.forget(tenant, rows);
    await counts?.compare(client, tenant, nowMs);
    const sums = rows.filter(({ seen }) => seen > FULL_ENTRIES);
    if (sums.length === 0) return 0;
    await appendEntries(
      client,
      tenant,
      sums.map((repeated) => sumOf(repeated, tenant, nowMs)),
    );
    return sums.length;
  });

function sumOf(repeated: Repeated, tenant: TenantId, nowMs: number): Omit<EntryRecord, "tenant"> {
  const { action, outcome, reason, account, actorKind, actorId, seen, firstMs, lastMs } = repeated;
  const isAccount = account !== actorId || actorKind === "user";
  return {
    occurredAtMs: nowMs,
    actor: { kind: actorKind, id: actorId },
    action,
    class: repeated.class,
    resource: isAccount ? { type: "user", id: account } : { type: "tenant", id: tenant },
    subject: account === actorId ? undefined : account,
    outcome,
    reason: reason === "" ? undefined : reason,
    details: { repeated: seen - FULL_ENTRIES, firstAtMs: firstMs, lastAtMs: lastMs },
  };
}

/** The time between two looks for counts whose hour is over, in milliseconds. */
export const SUMS_EVERY_MS = 60_000;

/**
 * Writes sums now and every minute.
 * @returns a function that stops the task
 */
export const writeSumsPeriodically = (deps: Deps, onError: (error: unknown) => void) =>
  runPeriodically(() => writeSums(deps), SUMS_EVERY_MS, onError);
