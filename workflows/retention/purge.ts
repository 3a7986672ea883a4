import { appendEntry } from "../../audit/append-entry.ts";
import type { ConversationId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import { forEachTenant } from "../../db/for-each-tenant.ts";
import type { Client, Pool } from "../../db/pool.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { inTransaction } from "../../db/transaction.ts";
import { destroyScopes, type DestroyDeps } from "../../keys/at-rest/destroy.ts";
import { periodOf } from "../../keys/at-rest/scope.ts";
import { assertMayDestroy } from "../cases/assert-may-destroy.ts";
import { lockHolds } from "../holds/lock-holds.ts";
import { lockRetention, ofRetention } from "./stored-schedule.ts";

export interface PurgeDeps {
  readonly pool: Pool;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly destroy: DestroyDeps;
  /** The events that one transaction deletes at most; 5,000 by default. Holds wait for it. */
  readonly most?: number;
}

/** The conversations of one transaction. */
const CONVERSATIONS = 100;
const EVENTS = 5_000;

const PAGE = "select id from conversations where id > $1 order by id limit $2";

// An attachment is sealed with the key of the period in which its upload began, and its message came later.
const ENDED = `
  select e.id as conversation, e.subject, least(e.before_ms, (
    select min(a.created_at_ms) from attachment_references f join attachments a on a.id = f.attachment
    where f.conversation = e.id)) as "beforeMs"
  from (
    select c.id, c.created_by as subject,
      (select case when lower(r) = 0 then upper(r) end from unnest(sealdesk.purgeable_ranges(
        c.id, c.created_by, sealdesk.retention_rules(), sealdesk.database_now_ms())) r limit 1) as before_ms
    from conversations c where c.id = any($1)) e
  where e.before_ms is not null`;

interface EndedConversation {
  readonly conversation: ConversationId;
  readonly subject: UserId;
  /** Everything that was sealed before has expired, and no hold covers it. */
  readonly beforeMs: number;
}

interface Purged {
  readonly conversation: ConversationId;
  readonly events: number;
  readonly attachments: number;
}

/**
 * Deletes what has expired by the schedules in force and no hold covers: rows in batches, and the keys of whole periods, so
 * that backups cannot open them either. The clock of the database decides. It can be interrupted at any moment: what is
 * left, the next run finds. Attachments lose their references here, and the sweep of attachments removes their bytes.
 * @param ending no further batch is begun when it is aborted
 * @returns the number of deleted events
 * @throws WorkflowError clocks_apart
 */
const purgeExpired = (deps: PurgeDeps, ending?: AbortSignal): Promise<number> =>
  forEachTenant(deps.pool, (tenant) => purgeTenant(deps, tenant, ending));

/** Like `purgeExpired`, for one tenant. */
export async function purgeTenant(
  deps: PurgeDeps,
  tenant: TenantId,
  ending?: AbortSignal,
): Promise<number> {
  if (!(await hasSchedule(deps.pool, tenant))) return 0;
  let count = 0;
  let after: string | undefined = "00000000-0000-0000-0000-000000000000";
  while (after !== undefined) {
    if (ending?.aborted === true) break;
    const batch: Batch = await purgeBatch(deps, tenant, after);
    count += batch.events;
    if (!batch.isFull) after = batch.last;
  }
  return count;
}

const hasSchedule = (pool: Pool, tenant: TenantId): Promise<boolean> =>
  inTransaction(pool, tenant, async (client) => {
    const { rowCount } = await client.query("select where sealdesk.retention_rules() <> '[]'");
    return rowCount === 1;
  });

interface Batch {
  readonly events: number;
  /** Whether the same conversations may have more. */
  readonly isFull: boolean;
  /** The last conversation; undefined after the last one of the tenant. */
  readonly last: ConversationId | undefined;
}

/** Purges the next conversations. A batch that deletes as much as it may is repeated. */
const purgeBatch = (deps: PurgeDeps, tenant: TenantId, after: string): Promise<Batch> =>
  inTransaction(deps.pool, tenant, async (client) => {
    const { most = EVENTS } = deps;
    assertMayDestroy(deps.now(), await readDatabaseClock(client));
    await lockRetention(client, tenant);
    await lockHolds(client, tenant, "to_destroy");
    const { rows } = await client.query<{ id: ConversationId }>(PAGE, [after, CONVERSATIONS]);
    const page = rows.map(({ id }) => id);
    const { rows: purged } = await client.query<Purged>(
      "select conversation, events, attachments from sealdesk.purge_expired($1, $2)",
      [page, most],
    );
    const events = purged.reduce((sum, each) => sum + each.events, 0);
    if (purged.length > 0) await record(client, tenant, purged, deps.now());
    const isFull = events >= most;
    if (!isFull)
      await destroyPeriods(
        deps,
        tenant,
        (await client.query<EndedConversation>(ENDED, [page])).rows,
      );
    return { events, isFull, last: page.at(-1) };
  });

const record = (
  client: Client,
  tenant: TenantId,
  purged: readonly Purged[],
  occurredAtMs: number,
): Promise<unknown> =>
  appendEntry(client, {
    occurredAtMs,
    tenant,
    actor: { kind: "system", id: "retention" },
    action: "retention.purge",
    resource: ofRetention(tenant),
    outcome: "success",
    details: {
      conversations: purged.map(({ conversation }) => conversation),
      events: purged.reduce((sum, each) => sum + each.events, 0),
      attachments: purged.reduce((sum, each) => sum + each.attachments, 0),
    },
  });

/**
 * Destroys the keys of periods that have ended as a whole. The transaction that has locked the holds is still open, so no
 * hold begins before the keys are gone.
 */
async function destroyPeriods(
  { destroy }: PurgeDeps,
  tenant: TenantId,
  ended: readonly EndedConversation[],
): Promise<void> {
  for (const { conversation, subject, beforeMs } of ended) {
    const beforePeriod = periodOf(beforeMs);
    const filter = { subject, conversation, beforePeriod };
    if (await hasKeys(destroy, tenant, filter))
      await destroyScopes(destroy, tenant, filter, { actor: { kind: "system", id: "retention" } });
  }
}

const hasKeys = (
  { keystore }: DestroyDeps,
  tenant: TenantId,
  {
    conversation,
    beforePeriod,
  }: { readonly conversation: ConversationId; readonly beforePeriod: number },
): Promise<boolean> =>
  inTransaction(keystore, tenant, async (client) => {
    const { rowCount } = await client.query(
      "select from scope_keys where conversation = $1 and period < $2 and wrapped is not null limit 1",
      [conversation, beforePeriod],
    );
    return rowCount === 1;
  });

const EVERY_MS = 10 * 60_000;

/** Purges now and every ten minutes. @returns a function that stops */
export const purgePeriodically = (
  deps: PurgeDeps,
  onError: (error: unknown) => void,
): (() => Promise<void>) =>
  runPeriodically((ending) => purgeExpired(deps, ending), EVERY_MS, onError);
