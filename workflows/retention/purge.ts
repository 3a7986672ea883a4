import { setTimeout as wait } from "node:timers/promises";
import { appendEntry } from "../../audit/append-entry.ts";
import type { ConversationId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import { forEachTenant } from "../../db/for-each-tenant.ts";
import type { Client, Pool } from "../../db/pool.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { inTransaction } from "../../db/transaction.ts";
import { destroyScopes, type DestroyDeps } from "../../keys/at-rest/destroy.ts";
import { periodOf } from "../../crypto/wire/key-period.ts";
import { restAfterMs } from "../cases/rest.ts";
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
  /** Rests between batches, so that messages are not slowed down: the server does. */
  readonly isResting?: true;
}

/** The conversations of one transaction. */
const CONVERSATIONS = 100;
const EVENTS = 5_000;

// What the law keeps for a person who asked for its restriction is not purged (GDPR article 18(1)).
const PAGE = `
  select id from conversations c where id > $1 and not exists (
    select from restricted_conversations r join restrictions n on n.tenant = r.tenant and n.case_id = r.case_id
    where r.conversation = c.id)
  order by id limit $2`;

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
    const beganMs = performance.now();
    const batch: Batch = await purgeBatch(deps, tenant, after);
    count += batch.events;
    after = batch.last;
    if (deps.isResting === true && batch.events > 0 && after !== undefined)
      await rest(restAfterMs(performance.now() - beganMs), ending);
  }
  return count;
}

/** Waits, and no longer when the server stops. */
const rest = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  wait(ms, undefined, { ref: false, ...(signal && { signal }) }).catch((error: unknown) => {
    if (signal?.aborted !== true) throw error;
  });

const hasSchedule = (pool: Pool, tenant: TenantId): Promise<boolean> =>
  inTransaction(pool, tenant, async (client) => {
    const { rowCount } = await client.query("select where sealdesk.retention_rules() <> '[]'");
    return rowCount === 1;
  });

interface Batch {
  readonly events: number;
  /** The last conversation that has no more; undefined after the last one of the tenant. */
  readonly last: string | undefined;
}

/** Purges the next conversations, until it has deleted as much as one batch may. */
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
    // The last conversation of a full batch may have more.
    const stopped = events >= most ? purged.at(-1)?.conversation : undefined;
    const done = stopped === undefined ? page : page.slice(0, page.indexOf(stopped));
    const { rows: ended } = await client.query<EndedConversation>(ENDED, [done]);
    await destroyPeriods(deps, tenant, ended);
    return { events, last: done.at(-1) ?? (stopped === undefined ? undefined : after) };
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
  const withKeys = await conversationsWithKeys(destroy, tenant, ended);
  for (const { conversation, subject, beforeMs } of ended) {
    if (!withKeys.has(conversation)) continue;
    const filter = { subject, conversation, beforePeriod: periodOf(beforeMs) };
    await destroyScopes(destroy, tenant, filter, { actor: { kind: "system", id: "retention" } });
  }
}

const WITH_KEYS = `
  select conversation from unnest($1::uuid[], $2::int4[]) as e (conversation, before)
  where exists (select from scope_keys k
    where k.conversation = e.conversation and k.period < e.before and k.wrapped is not null)`;

const conversationsWithKeys = (
  { keystore }: DestroyDeps,
  tenant: TenantId,
  ended: readonly EndedConversation[],
): Promise<ReadonlySet<ConversationId>> =>
  inTransaction(keystore, tenant, async (client) => {
    const { rows } = await client.query<{ conversation: ConversationId }>(WITH_KEYS, [
      ended.map(({ conversation }) => conversation),
      ended.map(({ beforeMs }) => periodOf(beforeMs)),
    ]);
    return new Set(rows.map(({ conversation }) => conversation));
  });

const EVERY_MS = 10 * 60_000;

/** Purges now and every ten minutes. @returns a function that stops */
export const purgePeriodically = (
  deps: PurgeDeps,
  onError: (error: unknown) => void,
): (() => Promise<void>) =>
  runPeriodically((ending) => purgeExpired(deps, ending), EVERY_MS, onError);
