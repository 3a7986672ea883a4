import type pg from "pg";
import type { Pool } from "../../../db/pool.ts";
import { purgeTenant } from "../../../workflows/retention/purge.ts";
import type { LoadTenant } from "../arrange/tenant.ts";
import type { Progress } from "../options.ts";
import { round } from "../statistics.ts";
import { settleStored, storeMessages } from "./stored-messages.ts";

const DAY_MS = 86_400_000;
const MESSAGES_EACH = 1_000;

// The operator of a benchmark stands for the two people who save and approve a schedule.
const SCHEDULE = `
  insert into sealdesk.retention_versions (tenant, version, rules, hash, saved_by, saved_at_ms, effective_from_ms)
  values ($1, 1, '[{"days": 30}]', sha256(''), 'bench', 0, 0)`;

export interface PurgeDeps {
  readonly owner: pg.Client;
  readonly pool: Pool;
  readonly keystore: Pool;
  readonly tenant: LoadTenant;
}

export interface Purged {
  readonly messages: number;
  readonly batchedPerSecond: number;
  readonly bareDeletePerSecond: number;
  /** The time of dropping a partition with as many messages, in milliseconds. */
  readonly dropMs: number;
}

/** Stores messages that expired ten days ago. @returns how many */
export async function storeExpired(
  { owner, tenant }: Pick<PurgeDeps, "owner" | "tenant">,
  messages: number,
): Promise<readonly string[]> {
  const each = Math.min(MESSAGES_EACH, messages);
  const { conversations } = await storeMessages(owner, tenant, {
    count: Math.max(1, Math.round(messages / each)),
    each,
    receivedAtMs: Date.now() - 40 * DAY_MS,
  });
  return conversations.map(({ id }) => id);
}

/** Has the tenant's records expire after 30 days. */
export const expireRecords = ({ owner, tenant }: Pick<PurgeDeps, "owner" | "tenant">) =>
  owner.query(SCHEDULE, [tenant.id]);

/**
 * Purges what has expired.
 * @param pace with "rests", as the server does it beside messages
 * @returns the number of deleted events
 */
export const purge = (
  { pool, keystore, tenant }: PurgeDeps,
  pace: "rests" | "at once",
): Promise<number> =>
  purgeTenant(
    {
      pool,
      now: Date.now,
      destroy: { keystore, apart: undefined, now: Date.now },
      ...(pace === "rests" && { isResting: true }),
    },
    tenant.id,
  );

/**
 * Measures the purge of expired messages, with holds, locks, keys and audit entries, beside one bare DELETE of as many
 * rows of the same table, and beside dropping a partition that holds as many.
 */
export async function measurePurge(
  deps: PurgeDeps,
  bare: Pick<PurgeDeps, "owner" | "tenant">,
  messages: number,
  progress: Progress,
): Promise<Purged> {
  const { owner } = deps;
  await expireRecords(deps);
  progress(`storing ${messages} expired messages twice`);
  await storeExpired(deps, messages);
  const twin = await storeExpired(bare, messages);
  await settleStored(owner);
  const batched = await perSecond(() => purge(deps, "at once"));
  progress(`purged ${batched} messages/s`);
  await settleStored(owner);
  const bareDelete = await perSecond(async () => {
    const { rowCount } = await owner.query(
      "delete from sealdesk.events where conversation = any($1) and kind = 1",
      [twin],
    );
    return rowCount ?? 0;
  });
  return {
    messages,
    batchedPerSecond: batched,
    bareDeletePerSecond: bareDelete,
    dropMs: await dropPartition(owner, messages),
  };
}

async function perSecond(work: () => Promise<number>): Promise<number> {
  const beganMs = performance.now();
  const count = await work();
  return round((count / (performance.now() - beganMs)) * 1000);
}

/** A table like a partition, because a real one holds the last event of some conversation and is never dropped. */
async function dropPartition(owner: pg.Client, rows: number): Promise<number> {
  await owner.query(`create table sealdesk.bench_dropped as
    select gen_random_uuid() as conversation, n as seq, decode(repeat('00', 500), 'hex') as ciphertext
    from generate_series(1, ${rows}) n`);
  await owner.query("create unique index on sealdesk.bench_dropped (conversation, seq)");
  await owner.query("checkpoint");
  const beganMs = performance.now();
  await owner.query("drop table sealdesk.bench_dropped");
  return round(performance.now() - beganMs, 1);
}
