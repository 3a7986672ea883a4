import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Result } from "../../db/client.ts";
import type { Client } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import { assertHolds, rootAt } from "../integrate/assert-extends.ts";
import { openOurs } from "../integrate/open-ours.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
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
/** The number of heads that are read at a time. */
const PAGE = 64;
const SIGNED = `
  select size, note from audit.checkpoints where log = $1 and ($2::int8 is null or size < $2)
  order by size desc limit ${PAGE}`;

/** Returns whether devices follow the log. A slug has no slash. */
const isKeyLog = (origin: string): boolean => /\/keys\/t\/[^/]+$/.test(origin);

/**
 * Compares the database with the published heads. For each log that has fewer entries than were
 * published, it returns the published head and the head from which the log continues, in the order
 * of origins. It then also names every key log, even those that lost nothing. Devices learn of the
 * restore from their key log, because other data of their tenant may be lost. `client` must have
 * the integrator's role.
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
  const whole = new Map<string, PublishedHead>();
  const numberOf = (origin: string) => restores.countOf(origin) + 1;
  const signedIn = ({ log, head }: PublishedHead) =>
    newestSigned(client, log, head.origin, { restores, publicKey });
  for (const { log, head } of published) {
    const survivor = restores.survivorOf(head);
    const { origin, size, root } = head;
    if ((await treeSize(client, log)) >= survivor.size) {
      await assertHolds(client, log, survivor);
      if (isKeyLog(origin) && survivor.size > (whole.get(origin)?.head.size ?? 0))
        whole.set(origin, { log, head: survivor });
      continue;
    }
    const known = lost.get(origin);
    if (known?.published.size === size && !equalBytes(known.published.root, root))
      throw new AuditError(
        "audit_log_inconsistent",
        `Two different heads of ${size} entries were published of the log ${origin}.`,
      );
    if (known !== undefined && known.published.size >= size) continue;
    const continues =
      known?.continues ??
      (await signedIn({ log, head })) ??
      (await beginning(client, { log, origin }));
    const restored = { origin, restores: numberOf(origin), continues };
    lost.set(origin, { ...restored, published: { size, root } });
  }
  if (lost.size === 0) return [];
  const all = new Map(lost);
  for (const [origin, kept] of whole) {
    if (lost.has(origin)) continue;
    // Outside, the newest head may be missing. The database has it, so it was not lost.
    const signed = await signedIn(kept);
    const { size, root } =
      signed !== undefined && signed.size > kept.head.size ? signed : kept.head;
    const head = { size, root };
    all.set(origin, { origin, restores: numberOf(origin), published: head, continues: head });
  }
  return [...all.values()].toSorted((a, b) => (a.origin < b.origin ? -1 : 1));
}

async function treeSize(client: Client, log: LogId): Promise<number> {
  const { rows } = await client.query<{ size: number }>(TREE_SIZE, [log]);
  return rows[0]?.size ?? 0;
}

interface SignedHead {
  readonly size: number;
  readonly note: string;
}

/** Returns the empty head of a log that has nothing in the database. */
async function beginning(
  client: Client,
  { log, origin }: { readonly log: LogId; readonly origin: string },
): Promise<TreeHead> {
  if ((await treeSize(client, log)) > 0)
    throw new AuditError(
      "audit_log_inconsistent",
      `The log ${origin} has entries in the database, but no signed checkpoint that earlier restores did not cut off. It cannot continue from there.`,
      { advice: "Put another backup back." },
    );
  return { size: 0, root: emptyRoot(nodeChecks.sha256) };
}

/**
 * Returns the head from which a log continues: the newest that our own key signed and that no
 * declared restore cut off. Anybody who can write to the database can write trees above it. Entries
 * there count as new.
 * @returns undefined if there is none
 */
async function newestSigned(
  client: Client,
  log: LogId,
  origin: string,
  { restores, publicKey }: { readonly restores: Restores; readonly publicKey: Uint8Array },
): Promise<TreeHead | undefined> {
  for (let below: number | null = null; ;) {
    const page: Result<SignedHead> = await client.query<SignedHead>(SIGNED, [log, below]);
    for (const { note } of page.rows) {
      const signed = openOurs(note, publicKey);
      if (signed.origin !== origin)
        throw new AuditError(
          "audit_checkpoint_invalid",
          `The log ${origin} has a checkpoint of ${signed.origin} in the database.`,
        );
      if (restores.survivorOf(signed).size < signed.size) continue;
      const root = await rootAt(client, log, signed.size);
      if (equalBytes(root, signed.root)) return { size: signed.size, root };
      throw new AuditError(
        "audit_log_inconsistent",
        `The tiles of ${origin} do not lead to the root of its newest signed checkpoint. Its rows were altered.`,
      );
    }
    below = page.rows.at(-1)?.size ?? null;
    if (below === null) return undefined;
  }
}
