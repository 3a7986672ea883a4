import { byteaArray } from "../db/binary-arrays.ts";
import type { Client } from "../db/pool.ts";
import { equalBytes } from "../crypto/wire/bytes.ts";
import { afterCommit } from "../db/transaction.ts";
import { AuditError } from "./audit-error.ts";
import { tellAppended } from "./check/appended-entries.ts";
import type { LogId } from "../crypto/wire/ids.ts";
import { OPERATOR_LOG } from "./logs.ts";
import { nodeChecks } from "./node-checks.ts";
import { assertSinksTake } from "./sinks/sink-gate.ts";
import { leafHash } from "./verify/tree-hash.ts";

// Prepared once for each session, because planning would cost more than the insert.
const INSERT = {
  name: "audit-entry",
  text: "insert into audit.entries (tenant, entry) values ($1, $2) returning id, leaf_hash",
} as const;
const INSERT_ALL = {
  name: "audit-entries",
  text: `insert into audit.entries (tenant, entry) select $1, unnest($2::bytea[])
    returning id, leaf_hash`,
} as const;

interface Stored {
  readonly id: number;
  readonly leaf_hash: Uint8Array;
}

/**
 * Appends the bytes of entries to a log, in their order, and requires that the database stored them.
 * A trigger or a rule that somebody added there may have dropped or changed them.
 * @returns the ids of the entries
 * @throws AuditError audit_entry_not_stored, audit_sink_unavailable; the act must then be rolled back
 */
export async function storeEntries(
  client: Client,
  log: LogId,
  entries: readonly Uint8Array[],
): Promise<readonly number[]> {
  // What nodes and commands record about themselves must not wait for sinks.
  if (log !== OPERATOR_LOG) assertSinksTake(client);
  const rows = await insertAs(log, client, entries);
  const isStored = (entry: Uint8Array, at: number) => {
    const leaf = rows[at]?.leaf_hash;
    return leaf !== undefined && equalBytes(leaf, leafHash(nodeChecks.sha256, entry));
  };
  if (rows.length !== entries.length || !entries.every(isStored))
    throw new AuditError(
      "audit_entry_not_stored",
      "The database did not store the audit entry of this act, so the act was not done.",
    );
  const appended = rows.map((row) => ({ log, id: row.id, leafHash: row.leaf_hash }));
  afterCommit(client, (pool) => tellAppended(pool, appended));
  return rows.map(({ id }) => id);
}

/** Only the role of the integrator may append to the operator's log. */
async function insertAs(
  log: LogId,
  client: Client,
  entries: readonly Uint8Array[],
): Promise<readonly Stored[]> {
  if (log !== OPERATOR_LOG) return insert(client, log, entries);
  const { rows } = await client.query<{ role: string }>("select current_setting('role') as role");
  await client.query("set local role sealdesk_integrator");
  const stored = await insert(client, log, entries);
  await client.query("select set_config('role', $1, true)", [rows[0]?.role]);
  return stored;
}

async function insert(
  client: Client,
  log: LogId,
  entries: readonly Uint8Array[],
): Promise<readonly Stored[]> {
  const [only] = entries;
  const { rows } = await client.query<Stored>(
    only !== undefined && entries.length === 1
      ? { ...INSERT, values: [log, only] }
      : { ...INSERT_ALL, values: [log, byteaArray(entries)] },
  );
  return rows;
}
