import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Client } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import { assertHolds, rootAt } from "../integrate/check-outside.ts";
import type { LogId } from "../logs.ts";
import { nodeChecks } from "../node-checks.ts";
import type { Checkpoint, TreeHead } from "../verify/checkpoint.ts";
import type { RestoredLog } from "../verify/log-restore.ts";
import { emptyRoot } from "../verify/tree-hash.ts";
import type { Restores } from "./restores.ts";

/** A head that our own key signed, and that is known outside the database. */
export interface PublishedHead {
  readonly log: LogId;
  readonly head: Checkpoint;
}

const HEAD = "select size, root from audit.trees where log = $1 order by size desc limit 1";

/**
 * Compares the database with the published heads. For each log that has fewer entries than was
 * published, it says which ones are missing, in the order of origins. `client` must have the
 * integrator's role.
 * @param restores those that are declared already
 * @throws AuditError audit_log_inconsistent: a log does not begin with what was published, so no
 *   backup explains it; audit_checkpoint_invalid
 */
export async function findLost(
  client: Client,
  published: readonly PublishedHead[],
  restores: Restores,
): Promise<RestoredLog[]> {
  const lost = new Map<string, RestoredLog>();
  for (const { log, head } of published) {
    const survivor = restores.survivorOf(head);
    const inside = await insideHead(client, log);
    if (inside.size >= survivor.size) {
      await assertHolds(client, log, survivor);
      continue;
    }
    const { origin } = head;
    const known = lost.get(origin)?.published;
    if (known?.size === head.size && !equalBytes(known.root, head.root))
      throw new AuditError(
        "audit_log_inconsistent",
        `Two different heads of ${head.size} entries were published of the log ${origin}.`,
      );
    if (known !== undefined && known.size >= head.size) continue;
    const { size, root } = head;
    lost.set(origin, {
      origin,
      restores: restores.countOf(origin) + 1,
      published: { size, root },
      continues: inside,
    });
  }
  return [...lost.values()].toSorted((a, b) => (a.origin < b.origin ? -1 : 1));
}

/** The log's last tree, recomputed from its tiles, because anybody may have changed its row. */
async function insideHead(client: Client, log: LogId): Promise<TreeHead> {
  const { rows } = await client.query<TreeHead>(HEAD, [log]);
  const [tree] = rows;
  if (tree === undefined) return { size: 0, root: emptyRoot(nodeChecks.sha256) };
  const root = await rootAt(client, log, tree.size);
  if (!equalBytes(root, tree.root))
    throw new AuditError(
      "audit_log_inconsistent",
      "The tiles of a log do not lead to the root of its tree. Its rows were altered.",
    );
  return { size: tree.size, root };
}
