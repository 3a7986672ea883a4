import type { ActionDetails } from "../../audit/actions.ts";
import { appendEntry, type AuditEntry } from "../../audit/append-entry.ts";
import type { TenantId, UserId, ConversationId } from "../../crypto/wire/ids.ts";
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
  readonly author?: UserId;
  /** Selects periods before this one. */
  readonly beforePeriod?: number;
}

const SUBJECT = `
  update subject_keys set wrapped = null, destroyed_at_ms = $2
  where subject = $1 and wrapped is not null`;

// A subject without a key gets a tombstone too, so that no key can be created later.
const TOMBSTONE = `
  insert into subject_keys (tenant, subject, kek_version, wrapped, created_at_ms, destroyed_at_ms)
  values ($1, $2, 1, null, $3, $3) on conflict do nothing`;

const SCOPES = `
  update scope_keys set wrapped = null, destroyed_at_ms = $2
  where subject = $1 and wrapped is not null
    and ($3::uuid is null or conversation = $3) and ($4::uuid is null or author = $4)
    and ($5::int4 is null or period < $5)`;

/**
 * Destroys the key of a data subject and every scope key below it. Within a second no node can open
 * what these keys sealed. The duration depends on the number of keys, not on the number of
 * messages. The rows stay as tombstones. A second call changes nothing.
 */
export function destroySubjectKeys(
  deps: DestroyDeps,
  tenant: TenantId,
  subject: UserId,
  by: DestroyedBy,
): Promise<Destroyed> {
  return destroying(deps, tenant, subject, by, { whole: true }, async (client, nowMs) => {
    // This statement comes first. It waits for a transaction that is storing the subject's first
    // key, which the other statements would not see.
    await client.query(TOMBSTONE, [tenant, subject, nowMs]);
    const { rowCount: subjectKeys } = await client.query(SUBJECT, [subject, nowMs]);
    const { rowCount } = await client.query(SCOPES, [subject, nowMs, null, null, null]);
    return { subjectKeys: subjectKeys ?? 0, scopeKeys: rowCount ?? 0 };
  });
}

/** Destroys the scope keys that match the filter, like `destroySubjectKeys`. */
export function destroyScopes(
  deps: DestroyDeps,
  tenant: TenantId,
  filter: ScopeFilter,
  by: DestroyedBy,
): Promise<Destroyed> {
  const { subject, conversation, author, beforePeriod } = filter;
  const details = { conversation, author, beforePeriod };
  return destroying(deps, tenant, subject, by, details, async (client, nowMs) => {
    const { rowCount } = await client.query(SCOPES, [
      subject,
      nowMs,
      conversation ?? null,
      author ?? null,
      beforePeriod ?? null,
    ]);
    return { subjectKeys: 0, scopeKeys: rowCount ?? 0 };
  });
}

/**
 * Commits the destruction, its notification and its audit entry in one transaction. If the keystore
 * has its own database, one transaction cannot cover both. Then the intent is recorded first, so
 * that no destruction goes unrecorded, and the success last.
 */
async function destroying(
  { keystore, apart, now }: DestroyDeps,
  tenant: TenantId,
  subject: UserId,
  by: DestroyedBy,
  details: ActionDetails["keys.destroy_begin"],
  destroy: (client: Client, nowMs: number) => Promise<Destroyed>,
): Promise<Destroyed> {
  const nowMs = now();
  const entry = {
    ...by,
    occurredAtMs: nowMs,
    tenant,
    resource: { type: "subject_keys", id: subject },
    subject,
    outcome: "success",
  } as const;
  const begun = { ...entry, action: "keys.destroy_begin", details } as const;
  const done = (counts: Destroyed) =>
    ({ ...entry, action: "keys.destroy", details: { ...details, ...counts } }) as const;
  if (apart !== undefined)
    await inTransaction(apart, tenant, (client) => appendEntry(client, begun));
  const destroyed = await inTransaction(keystore, tenant, async (client) => {
    const counts = await destroy(client, nowMs);
    await client.query("select pg_notify($1, $2)", [KEYSTORE_CHANNEL, `${tenant} ${subject}`]);
    if (apart === undefined) {
      await client.query("set local role sealdesk_app");
      await appendEntry(client, done(counts));
    }
    return counts;
  });
  if (apart !== undefined)
    await inTransaction(apart, tenant, (client) => appendEntry(client, done(destroyed)));
  return destroyed;
}
