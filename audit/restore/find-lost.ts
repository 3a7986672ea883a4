import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Client } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import { assertHolds, openOurs, rootAt } from "../integrate/check-outside.ts";
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

const TREE_SIZE = "select coalesce(max(size), 0) as size from audit.trees where log = $1";
const SIGNED = "select note from audit.checkpoints where log = $1 order by size desc limit 1";

/** The logs that devices follow. A slug has no slash. */
const isKeyLog = (origin: string): boolean => /\/keys\/t\/[^/]+$/.test(origin);

/**
 * Compares the database with the published heads. If a log has fewer entries than was published, it
 * says of each such log which entries are missing, in the order of origins. It then names every key
 * log too, also those that lost nothing: devices learn of the restore from their key log, because
 * other data of their tenant may be lost. `client` must have the integrator's role.
 * @param restores those that are declared already
 * @returns nothing if no log lost anything
 * @throws AuditError audit_log_inconsistent: a log does not begin with what was published, so no
 *   backup explains it; audit_checkpoint_invalid
 */
export async function findLost(
  client: Client,
  published: readonly PublishedHead[],
  restores: Restores,
  publicKey: Uint8Array,
): Promise<RestoredLog[]> {
  const lost = new Map<string, RestoredLog>();
  const whole = new Map<string, RestoredLog>();
  for (const { log, head } of published) {
    const survivor = restores.survivorOf(head);
    const { origin, size, root } = head;
    const number = restores.countOf(origin) + 1;
    if ((await treeSize(client, log)) >= survivor.size) {
      await assertHolds(client, log, survivor);
      const held = { size: survivor.size, root: survivor.root };
      if (isKeyLog(origin) && held.size > (whole.get(origin)?.continues.size ?? 0))
        whole.set(origin, { origin, restores: number, published: held, continues: held });
      continue;
    }
    const known = lost.get(origin);
    if (known?.published.size === size && !equalBytes(known.published.root, root))
      throw new AuditError(
        "audit_log_inconsistent",
        `Two different heads of ${size} entries were published of the log ${origin}.`,
      );
    if (known !== undefined && known.published.size >= size) continue;
    const continues = known?.continues ?? (await signedInside(client, head, log, publicKey));
    lost.set(origin, { origin, restores: number, published: { size, root }, continues });
  }
  if (lost.size === 0) return [];
  const all = new Map([...whole, ...lost]);
  return [...all.values()].toSorted((a, b) => (a.origin < b.origin ? -1 : 1));
}

async function treeSize(client: Client, log: LogId): Promise<number> {
  const { rows } = await client.query<{ size: number }>(TREE_SIZE, [log]);
  return rows[0]?.size ?? 0;
}

/**
 * The head from which a log continues: the newest that our own key signed. Whoever can write to the
 * database can write trees above it. Entries there count as new.
 */
async function signedInside(
  client: Client,
  { origin }: Checkpoint,
  log: LogId,
  publicKey: Uint8Array,
): Promise<TreeHead> {
  const { rows } = await client.query<{ note: string }>(SIGNED, [log]);
  const [newest] = rows;
  if (newest === undefined) {
    if ((await treeSize(client, log)) > 0)
      throw new AuditError(
        "audit_log_inconsistent",
        `The log ${origin} has entries in the database but no signed checkpoint. No backup explains it.`,
      );
    return { size: 0, root: emptyRoot(nodeChecks.sha256) };
  }
  const signed = openOurs(newest.note, publicKey);
  if (signed.origin !== origin)
    throw new AuditError(
      "audit_checkpoint_invalid",
      `The log ${origin} has a checkpoint of ${signed.origin} in the database.`,
    );
  const root = await rootAt(client, log, signed.size);
  if (!equalBytes(root, signed.root))
    throw new AuditError(
      "audit_log_inconsistent",
      `The tiles of ${origin} do not lead to the root of its newest signed checkpoint. Its rows were altered.`,
    );
  return { size: signed.size, root };
}
