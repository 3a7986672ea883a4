import type { Client } from "../../db/pool.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import { removePrunedSegments } from "../search/stored-index.ts";
import type { PruningPlan } from "./plan-pruning.ts";

/**
 * Stores how many entries prunes set out to remove, so that a prune that is rolled back seems no attack. Commit it
 * before `pruneLog` begins. `client` must be in a transaction of the owner.
 */
export const declareRemovals = async (
  client: Client,
  log: LogId,
  { removals }: Pick<PruningPlan, "removals">,
): Promise<void> =>
  void (await client.query(
    "update audit.logs set removals = greatest(removals, $2) where id = $1",
    [log, removals],
  ));

/**
 * Removes the entries of a plan, what explains their personal fields, and their search index. Their hashes stay, so every
 * later proof holds and the log still verifies. `client` must be in a transaction of the owner, and an
 * entry that declares the pruning must be in the signed log before.
 */
export async function pruneLog(
  client: Client,
  log: LogId,
  { minimumIndex, events }: Pick<PruningPlan, "minimumIndex" | "events">,
): Promise<void> {
  await client.query(
    "update audit.logs set minimum_index = greatest(minimum_index, $2) where id = $1",
    [log, minimumIndex],
  );
  await client.query(
    "delete from audit.personal_fields where tenant = $1 and event = any($2::uuid[])",
    [log, events],
  );
  await client.query(
    `delete from audit.entries using audit.leaves
     where leaves.log = $1 and leaves.index < $2 and entries.id = leaves.entry`,
    [log, minimumIndex],
  );
  await removePrunedSegments(client, log, minimumIndex);
}
