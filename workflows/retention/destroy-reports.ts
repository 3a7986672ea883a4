import { appendEntry } from "../../audit/append-entry.ts";
import type { ConversationId, ReportId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import { forEachTenant } from "../../db/for-each-tenant.ts";
import type { Client, Pool } from "../../db/pool.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { inTransaction } from "../../db/transaction.ts";
import { destroyWithin } from "../../keys/at-rest/destroy.ts";
import { assertMayDestroy } from "../cases/assert-may-destroy.ts";
import { heldAmong, type HoldableItem } from "../holds/held-among.ts";

export interface DestroyReportsDeps {
  readonly pool: Pool;
  /** The pool of the keystore if it has its own database. */
  readonly keystore: Pool | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

interface ExpiredReport {
  readonly id: ReportId;
  readonly conversation: ConversationId;
  readonly subject: UserId;
  /** When the first and the last of its messages were received, in milliseconds since the Unix epoch. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** The reports of one transaction. Holds wait for it. */
const MOST = 20;

const EXPIRED = `
  select r.id, r.conversation, r.subject, m.from_ms as "fromMs", m.to_ms as "toMs"
  from reports r
  cross join lateral (
    select min(received_at_ms) as from_ms, max(received_at_ms) as to_ms from reported_messages
    where report = r.id) m
  where r.destroyed_at_ms is null and r.disclosed_until_ms <= $1 and r.id > $2
    and not exists (select from report_appeals a where a.report = r.id and a.outcome is null)
  order by r.id limit ${MOST}`;

const FIRST = "00000000-0000-0000-0000-000000000000";
const RETENTION = { kind: "system", id: "retention" } as const;

/**
 * Destroys what reports of a tenant disclose whose retention is over, unless a legal hold covers the messages: first the key
 * of each report, so that backups cannot open it, and then the sealed bytes. The clock of the database decides.
 * @returns the number of reports
 * @throws WorkflowError clocks_apart
 */
export async function destroyReports(deps: DestroyReportsDeps, tenant: TenantId): Promise<number> {
  let count = 0;
  for (let after: string | undefined = FIRST; after !== undefined;) {
    const batch: Batch = await destroyBatch(deps, tenant, after);
    count += batch.destroyed;
    after = batch.last;
  }
  return count;
}

interface Batch {
  readonly destroyed: number;
  /** The last report that was looked at; undefined after the last one of the tenant. */
  readonly last: ReportId | undefined;
}

const destroyBatch = (deps: DestroyReportsDeps, tenant: TenantId, after: string): Promise<Batch> =>
  inTransaction(deps.pool, tenant, async (client) => {
    const clockMs = await readDatabaseClock(client);
    assertMayDestroy(deps.now(), clockMs);
    const { rows } = await client.query<ExpiredReport>(EXPIRED, [clockMs, after]);
    const held = await heldAmong(client, tenant, rows.map(itemOf));
    const free = rows.filter((_, index) => held[index]?.length === 0);
    for (const report of free) await destroy(deps, client, tenant, report, clockMs);
    return { destroyed: free.length, last: rows.length < MOST ? undefined : rows.at(-1)?.id };
  });

const itemOf = ({ subject, conversation, fromMs, toMs }: ExpiredReport): HoldableItem => ({
  subject,
  conversation,
  fromMs,
  untilMs: toMs + 1,
});

async function destroy(
  { keystore, now }: DestroyReportsDeps,
  client: Client,
  tenant: TenantId,
  { id, conversation, subject }: ExpiredReport,
  clockMs: number,
): Promise<void> {
  const what = { subject, conversation, author: id };
  await destroyWithin(client, { tenant, keystore }, what, { actor: RETENTION }, clockMs);
  await client.query("update reported_messages set sealed = null where report = $1", [id]);
  await client.query("update reports set destroyed_at_ms = $2 where id = $1", [id, clockMs]);
  await appendEntry(client, {
    occurredAtMs: now(),
    tenant,
    actor: RETENTION,
    action: "report.destroy",
    resource: { type: "report", id },
    outcome: "success",
  });
}

const EVERY_MS = 60 * 60_000;

/** Destroys what has expired now and every hour. @returns a function that stops */
export const destroyReportsPeriodically = (
  deps: DestroyReportsDeps,
  onError: (error: unknown) => void,
): (() => Promise<void>) =>
  runPeriodically(
    () => forEachTenant(deps.pool, (tenant) => destroyReports(deps, tenant)),
    EVERY_MS,
    onError,
  );
