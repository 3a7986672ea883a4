import { appendEntry, type AuditEntry } from "../../audit/append-entry.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client, Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { KEYSTORE_CHANNEL } from "./keystore-watch.ts";

export interface DestroyDeps {
  /** The keystore's, as sealdesk_keystore. */
  readonly keystore: Pool;
  /** The data's; undefined when the keystore stands in the same database. */
  readonly apart: Pool | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** On whose behalf, and why: as the audit entry says it. */
export type DestroyedBy = Pick<
  AuditEntry,
  "actor" | "requestId" | "session" | "method" | "decision"
>;

/** What was destroyed by this call; nothing when it had been before. */
export interface Destroyed {
  readonly subjectKeys: number;
  readonly scopeKeys: number;
}

/** Those scopes of one subject's conversations that fit everything that is given. */
export interface ScopeFilter {
  readonly subject: Uuid;
  readonly conversation?: Uuid;
  readonly author?: Uuid;
  /** Periods that ended before this one. */
  readonly beforePeriod?: number;
}

const SUBJECT = `
  update subject_keys set wrapped = null, destroyed_at_ms = $2
  where subject = $1 and wrapped is not null`;

// One who was never written about gets a tombstone all the same: nothing is to be sealed later.
const TOMBSTONE = `
  insert into subject_keys (tenant, subject, kek_version, wrapped, created_at_ms, destroyed_at_ms)
  values ($1, $2, 1, null, $3, $3) on conflict do nothing`;

const SCOPES = `
  update scope_keys set wrapped = null, destroyed_at_ms = $2
  where subject = $1 and wrapped is not null
    and ($3::uuid is null or conversation = $3) and ($4::uuid is null or author = $4)
    and ($5::int4 is null or period < $5)`;

/**
 * Destroys a data subject's key and with it every scope key below: what they sealed cannot be opened
 * again, by any node within a second. The time it takes depends on the number of keys, not of
 * messages. The rows stay as tombstones; again changes nothing.
 */
export function destroySubjectKeys(
  deps: DestroyDeps,
  tenant: Uuid,
  subject: Uuid,
  by: DestroyedBy,
): Promise<Destroyed> {
  return destroying(deps, tenant, subject, by, { whole: true }, async (client, now) => {
    // Before anything else: it waits for whoever is storing the subject's first key at this moment,
    // which no other statement would see.
    await client.query(TOMBSTONE, [tenant, subject, now]);
    const { rowCount: subjectKeys } = await client.query(SUBJECT, [subject, now]);
    const { rowCount } = await client.query(SCOPES, [subject, now, null, null, null]);
    return { subjectKeys: subjectKeys ?? 0, scopeKeys: rowCount ?? 0 };
  });
}

/** Destroys scope keys below a subject's, as `destroySubjectKeys` does. */
export function destroyScopes(
  deps: DestroyDeps,
  tenant: Uuid,
  filter: ScopeFilter,
  by: DestroyedBy,
): Promise<Destroyed> {
  const { subject, conversation, author, beforePeriod } = filter;
  const details = { conversation, author, beforePeriod };
  return destroying(deps, tenant, subject, by, details, async (client, now) => {
    const { rowCount } = await client.query(SCOPES, [
      subject,
      now,
      conversation ?? null,
      author ?? null,
      beforePeriod ?? null,
    ]);
    return { subjectKeys: 0, scopeKeys: rowCount ?? 0 };
  });
}

/**
 * Destruction, notification and audit entry in one transaction. Where the keystore has a database of
 * its own there is none in common: then the intent is written first, so that no destruction goes
 * unrecorded, and the success last.
 */
async function destroying(
  { keystore, apart, now }: DestroyDeps,
  tenant: Uuid,
  subject: Uuid,
  by: DestroyedBy,
  details: NonNullable<AuditEntry["details"]>,
  destroy: (client: Client, now: number) => Promise<Destroyed>,
): Promise<Destroyed> {
  const at = now();
  const entry = (action: string, more: AuditEntry["details"]): AuditEntry => ({
    ...by,
    occurredAtMs: at,
    tenant,
    action,
    class: "D",
    resource: { type: "subject_keys", id: subject },
    subject,
    outcome: "success",
    details: { ...details, ...more },
  });
  if (apart !== undefined)
    await inTransaction(apart, tenant, (client) =>
      appendEntry(client, entry("keys.destroy_begin", {})),
    );
  const destroyed = await inTransaction(keystore, tenant, async (client) => {
    const done = await destroy(client, at);
    await client.query("select pg_notify($1, $2)", [KEYSTORE_CHANNEL, `${tenant} ${subject}`]);
    if (apart === undefined) {
      await client.query("set local role sealdesk_app");
      await appendEntry(client, entry("keys.destroy", { ...done }));
    }
    return done;
  });
  if (apart !== undefined)
    await inTransaction(apart, tenant, (client) =>
      appendEntry(client, entry("keys.destroy", { ...destroyed })),
    );
  return destroyed;
}
