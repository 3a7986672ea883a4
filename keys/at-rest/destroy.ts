import type { ActionDetails } from "../../audit/actions.ts";
import { appendEntry, type AuditEntry } from "../../audit/append-entry.ts";
import type { TenantId, UserId, ConversationId, ReportId } from "../../crypto/wire/ids.ts";
import { uuidArray } from "../../db/binary-arrays.ts";
import type { Client, Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { KEYSTORE_CHANNEL } from "./keystore-watch.ts";

export interface DestroyDeps {
  /** Pool of the keystore, with the role sealdesk_keystore. */
  readonly keystore: Pool;
  /** Pool of the data. Undefined if the keystore is in the same database. */
  readonly apart: Pool | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** The fields of the audit entry that say who requested the destruction, and why. */
export type DestroyedBy = Pick<
  AuditEntry<"keys.destroy">,
  "actor" | "requestId" | "session" | "method" | "decision"
>;

/** Numbers of keys that this call destroyed. Keys that were destroyed before do not count. */
export interface Destroyed {
  readonly subjectKeys: number;
  readonly scopeKeys: number;
}

/** Selects scopes of one subject's conversations. A scope must match every field that is given. */
export interface ScopeFilter {
  readonly subject: UserId;
  readonly conversation?: ConversationId;
  readonly author?: UserId | ReportId;
  /** Selects periods before this one. */
  readonly beforePeriod?: number;
}

/** What is destroyed: everything of a subject, or scopes of their conversations. */
export type Destruction =
  | { readonly subject: UserId; readonly whole: true }
  | (ScopeFilter & { readonly whole?: false })
  | {
      readonly subject: UserId;
      readonly whole?: false;
      /** The conversations and 30-day periods, whoever wrote in them. */
      readonly scopes: readonly {
        readonly conversation: ConversationId;
        readonly period: number;
      }[];
    };

const SUBJECT = `
  update keystore.subject_keys set wrapped = null, destroyed_at_ms = $2
  where subject = $1 and wrapped is not null`;

// A subject without a key gets a tombstone too, so that no key can be created later.
const TOMBSTONE = `
  insert into keystore.subject_keys (tenant, subject, kek_version, wrapped, created_at_ms, destroyed_at_ms)
  values ($1, $2, 1, null, $3, $3) on conflict do nothing`;

const SCOPES = `
  update keystore.scope_keys set wrapped = null, destroyed_at_ms = $2
  where subject = $1 and wrapped is not null
    and ($3::uuid is null or conversation = $3) and ($4::uuid is null or author = $4)
    and ($5::int4 is null or period < $5)`;

const LISTED = `
  update keystore.scope_keys set wrapped = null, destroyed_at_ms = $2
  where subject = $1 and wrapped is not null
    and (conversation, period) in (select * from unnest($3::uuid[], $4::int4[]))`;

/**
 * Destroys the key of a data subject and every scope key below it. Within a second no node can open
 * what these keys sealed. The duration depends on the number of keys, not on the number of
 * messages. The rows stay as tombstones. A second call changes nothing.
 */
export const destroySubjectKeys = (
  deps: DestroyDeps,
  tenant: TenantId,
  subject: UserId,
  by: DestroyedBy,
): Promise<Destroyed> => destroying(deps, tenant, { subject, whole: true }, by);

/** Destroys the scope keys that match the filter, like `destroySubjectKeys`. */
export const destroyScopes = (
  deps: DestroyDeps,
  tenant: TenantId,
  filter: ScopeFilter,
  by: DestroyedBy,
): Promise<Destroyed> => destroying(deps, tenant, filter, by);

/**
 * Commits the destruction, its notification and its audit entry in one transaction. If the keystore
 * has its own database, one transaction cannot cover both. Then the intent is recorded first, so
 * that no destruction goes unrecorded, and the success last.
 */
async function destroying(
  { keystore, apart, now }: DestroyDeps,
  tenant: TenantId,
  what: Destruction,
  by: DestroyedBy,
): Promise<Destroyed> {
  const nowMs = now();
  if (apart !== undefined)
    await inTransaction(apart, tenant, (client) => recordIntent(client, tenant, what, by, nowMs));
  const where = { tenant, keystore: apart === undefined ? undefined : keystore };
  return inTransaction(apart ?? keystore, tenant, async (client) => {
    const { subjectKeys, scopeKeys } = await destroyWithin(client, where, what, by, nowMs);
    return { subjectKeys, scopeKeys };
  });
}

/** Records that keys are about to be destroyed, where the keystore has its own database. */
const recordIntent = (
  client: Client,
  tenant: TenantId,
  what: Destruction,
  by: DestroyedBy,
  nowMs: number,
): Promise<number> =>
  appendEntry(client, {
    ...entryOf(tenant, what, by, nowMs),
    action: "keys.destroy_begin",
    details: detailsOf(what),
  });

/**
 * Destroys keys within the caller's transaction on the data, and writes the audit entry. So the
 * caller's decision, the destruction and its record are one act. If the keystore has its own database, its
 * transaction is committed within the caller's; repeat the call if the caller's then fails.
 * @param where.keystore the pool of the keystore if it has its own database
 * @param also runs in the transaction of the keystore
 * @returns the numbers of keys, and the id of the audit entry
 */
export async function destroyWithin(
  client: Client,
  where: { readonly tenant: TenantId; readonly keystore: Pool | undefined },
  what: Destruction,
  by: DestroyedBy,
  nowMs: number,
  also: (client: Client) => Promise<void> = async () => undefined,
): Promise<Destroyed & { readonly entry: number }> {
  const { tenant } = where;
  const work = async (inKeystore: Client) => {
    const counts = await destroy(inKeystore, tenant, what, nowMs);
    await also(inKeystore);
    await inKeystore.query("select pg_notify($1, $2)", [
      KEYSTORE_CHANNEL,
      `${tenant} ${what.subject}`,
    ]);
    return counts;
  };
  const destroyed = await withinKeystore(client, where, work);
  const entry = await appendEntry(client, {
    ...entryOf(tenant, what, by, nowMs),
    action: "keys.destroy",
    details: { ...detailsOf(what), ...destroyed },
  });
  return { ...destroyed, entry };
}

/**
 * Runs `work` on the keystore: in the caller's transaction on the data, or in one of its own if the keystore has its own
 * database.
 */
export async function withinKeystore<T>(
  client: Client,
  { tenant, keystore }: { readonly tenant: TenantId; readonly keystore: Pool | undefined },
  work: (client: Client) => Promise<T>,
): Promise<T> {
  if (keystore !== undefined) return inTransaction(keystore, tenant, work);
  await client.query("set local role sealdesk_keystore");
  const result = await work(client);
  await client.query("set local role sealdesk_app");
  return result;
}

async function destroy(
  client: Client,
  tenant: TenantId,
  what: Destruction,
  nowMs: number,
): Promise<Destroyed> {
  const { subject } = what;
  const count = async (text: string, values: unknown[]) =>
    (await client.query(text, values)).rowCount ?? 0;
  if (what.whole === true) {
    // This statement comes first. It waits for a transaction that is storing the subject's first
    // key, which the other statements would not see.
    await client.query(TOMBSTONE, [tenant, subject, nowMs]);
    const subjectKeys = await count(SUBJECT, [subject, nowMs]);
    return { subjectKeys, scopeKeys: await count(SCOPES, [subject, nowMs, null, null, null]) };
  }
  if ("scopes" in what) {
    const conversations = uuidArray(what.scopes.map(({ conversation }) => conversation));
    const periods = what.scopes.map(({ period }) => period);
    return {
      subjectKeys: 0,
      scopeKeys: await count(LISTED, [subject, nowMs, conversations, periods]),
    };
  }
  const { conversation = null, author = null, beforePeriod = null } = what;
  const filter = [subject, nowMs, conversation, author, beforePeriod];
  return { subjectKeys: 0, scopeKeys: await count(SCOPES, filter) };
}

const entryOf = (tenant: TenantId, { subject }: Destruction, by: DestroyedBy, nowMs: number) =>
  ({
    ...by,
    occurredAtMs: nowMs,
    tenant,
    resource: { type: "subject_keys", id: subject },
    subject,
    outcome: "success",
  }) as const;

function detailsOf(what: Destruction): ActionDetails["keys.destroy_begin"] {
  if (what.whole === true) return { whole: true };
  if ("scopes" in what)
    return { scopes: what.scopes.map(({ conversation, period }) => [conversation, period]) };
  const { conversation, author, beforePeriod } = what;
  return { conversation, author, beforePeriod };
}
