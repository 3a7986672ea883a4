import type { Client } from "../db/pool.ts";
import { AuditError } from "./audit-error.ts";
import type { LogId } from "./logs.ts";
import { TILE_WIDTH } from "./verify/tile.ts";

export interface Pruning {
  readonly log: LogId;
  /** Entries integrated before this time may be pruned. Milliseconds since the Unix epoch. */
  readonly beforeMs: number;
  /** The time for which the policy keeps every entry. */
  readonly retainMs: number;
  readonly now: number;
}

/**
 * Removes entries in whole bundles. Their hashes stay, so every later proof holds and the log still
 * verifies. `client` must be in a transaction of the owner; nobody else may prune.
 * @returns the first index that is kept
 * @throws AuditError not_prunable, log_not_found
 */
export async function pruneLog(client: Client, pruning: Pruning): Promise<number> {
  const { log, beforeMs, retainMs, now } = pruning;
  if (beforeMs > now - retainMs)
    throw new AuditError("not_prunable", "The retention policy keeps entries of that time.");
  const { rows } = await client.query<{ size: number | null }>(
    // Stops at the first younger entry. If a clock once went back, no entry counts as older than it
    // is.
    `select (
       select max(size) from audit.trees where log = id and size < coalesce(
         (select min(size) from audit.trees where log = id and at >= to_timestamp($2)), 'infinity'::float8)
     ) as size from audit.logs where id = $1`,
    [log, beforeMs / 1_000],
  );
  const [old] = rows;
  if (old === undefined) throw new AuditError("log_not_found", "There is no such log.");
  const minimum = Math.floor((old.size ?? 0) / TILE_WIDTH) * TILE_WIDTH;
  await client.query(
    "update audit.logs set minimum_index = greatest(minimum_index, $2) where id = $1",
    [log, minimum],
  );
  await client.query(
    `delete from audit.entries using audit.leaves
     where leaves.log = $1 and leaves.index < $2 and entries.id = leaves.entry`,
    [log, minimum],
  );
  return minimum;
}
