import { toHex, utf8 } from "../../crypto/wire/bytes.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Queryable } from "../../db/client.ts";
import type { Client, Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { appendToLog, type AuditEntry } from "../append-entry.ts";
import { OPERATOR_LOG } from "../logs.ts";
import { nodeChecks } from "../node-checks.ts";
import { readKnownMigrations, recordMigrations } from "./record-migrations.ts";
import { lockSettings, recordSettings, type RecordedSetting } from "./record-settings.ts";
import { migrationsDigest, readKnownSettings, settingsDigest } from "./settings-digest.ts";

const SERVER = { kind: "system", id: "server" } as const;

/** A node that starts. */
export interface StartingNode {
  /** A new id for each run. */
  readonly id: Uuid;
  readonly version: string;
  readonly mode: string;
  /** The default rules of the policy, as `policyText` returns them. */
  readonly rules: string;
  readonly settings: readonly RecordedSetting[];
}

/**
 * Records that a node starts, with the settings and migrations that the operator's log does not know yet.
 * @param deps.keystore sessions with the role sealdesk_keystore
 * @throws AuditError audit_entry_not_stored
 */
export const recordStart = (
  { pool, keystore }: { readonly pool: Pool; readonly keystore: Queryable },
  { id, version, mode, rules, settings }: StartingNode,
  nowMs: number,
): Promise<void> =>
  inTransaction(pool, OPERATOR_LOG, async (client) => {
    await recordMigrations(client, keystore, SERVER, nowMs);
    await lockSettings(client);
    await recordRun(client, "node.start", id, nowMs, {
      version,
      mode,
      rules: toHex(nodeChecks.sha256(utf8(rules))),
      settings: settingsDigest(await readKnownSettings(client)),
      migrations: migrationsDigest(await readKnownMigrations(client)),
    });
    await recordSettings(client, settings, SERVER, nowMs);
  });

/** Records that a node stops. */
export const recordStop = (pool: Pool, id: Uuid, nowMs: number): Promise<void> =>
  inTransaction(pool, OPERATOR_LOG, (client) => recordRun(client, "node.stop", id, nowMs));

async function recordRun(
  client: Client,
  action: "node.start" | "node.stop",
  id: Uuid,
  nowMs: number,
  details?: AuditEntry<"node.start">["details"],
): Promise<void> {
  await appendToLog(client, OPERATOR_LOG, {
    occurredAtMs: nowMs,
    actor: SERVER,
    action,
    resource: { type: "node", id },
    outcome: "success",
    details,
  });
}
