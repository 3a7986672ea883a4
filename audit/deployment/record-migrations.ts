import type { Queryable } from "../../db/client.ts";
import type { Client } from "../../db/pool.ts";
import { DATA, KEYSTORE, ranMigrations } from "../../db/schema-version.ts";
import { appendToLog, type AuditEntry } from "../append-entry.ts";
import { OPERATOR_LOG } from "../logs.ts";

const RECORD = `
  insert into audit.recorded_migrations (name) select * from unnest($1::text[])
  on conflict do nothing returning name`;

/** Returns the names in `audit.recorded_migrations`. The transaction must be fenced to the operator's log. */
export async function readKnownMigrations(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    "select name from audit.recorded_migrations",
  );
  return rows.map(({ name }) => name);
}

/**
 * Records the migrations that the operator's log does not tell of yet: those of the data, and those of the
 * keystore, which may be in another database. The transaction must be fenced to that log.
 * @param keystore a session or pool with the role sealdesk_keystore
 * @param actor who migrated, or found that somebody had
 */
export async function recordMigrations(
  client: Client,
  keystore: Queryable,
  actor: AuditEntry<"schema.migrate">["actor"],
  nowMs: number,
): Promise<void> {
  const ran = [
    { schema: "sealdesk", names: await ranMigrations(client, DATA) },
    { schema: "keystore", names: await ranMigrations(keystore, KEYSTORE) },
  ];
  for (const { schema, names } of ran) {
    const { rows } = await client.query<{ name: string }>(RECORD, [names]);
    if (rows.length === 0) continue;
    await appendToLog(client, OPERATOR_LOG, {
      occurredAtMs: nowMs,
      actor,
      action: "schema.migrate",
      resource: { type: "schema", id: schema },
      outcome: "success",
      details: { migrations: rows.map(({ name }) => name).toSorted() },
    });
  }
}
