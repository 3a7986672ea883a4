import type { Client } from "../../db/pool.ts";
import { appendToLog, type AuditEntry } from "../append-entry.ts";
import { OPERATOR_LOG } from "../logs.ts";

const RECORD = `
  insert into audit.recorded_migrations (name)
  select name from sealdesk_migrations.migrations
  on conflict do nothing returning name`;

/**
 * Records the migrations that the operator's log does not tell of yet. The transaction must be fenced to
 * that log.
 * @param actor who migrated, or found that somebody had
 */
export async function recordMigrations(
  client: Client,
  actor: AuditEntry<"schema.migrate">["actor"],
  nowMs: number,
): Promise<void> {
  const { rows } = await client.query<{ name: string }>(RECORD);
  if (rows.length === 0) return;
  await appendToLog(client, OPERATOR_LOG, {
    occurredAtMs: nowMs,
    actor,
    action: "schema.migrate",
    resource: { type: "schema", id: "sealdesk" },
    outcome: "success",
    details: { migrations: rows.map(({ name }) => name).toSorted() },
  });
}
