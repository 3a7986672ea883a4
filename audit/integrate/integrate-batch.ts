import { byteaArray, int2Array, int8Array, uuidArray } from "../../db/binary-arrays.ts";
import type { Client } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import { OPERATOR_LOG, type LogId } from "../logs.ts";
import { nodeChecks } from "../node-checks.ts";
import type { TreeHead } from "../verify/checkpoint.ts";
import { edgeTiles } from "../verify/tile.ts";
import { emptyRoot, HASH_BYTES } from "../verify/tree-hash.ts";
import { growTree, type FilledTile } from "./grow-tree.ts";

/** A log's head that is committed and wants a signature. */
export interface CommittedTree extends TreeHead {
  readonly log: LogId;
  readonly origin: string;
}

interface Pending {
  readonly entry: number;
  readonly log: LogId;
  readonly leaf_hash: Uint8Array;
}

const TAKE = `
  delete from audit.pending
  where entry = any(array(select entry from audit.pending order by entry limit $1))
  returning entry, log, leaf_hash`;
const HEADS = `
  select id as log, origin, size, root from audit.logs
  left join lateral (
    select size, root from audit.trees where log = id order by size desc limit 1
  ) as latest on true
  where id = any($1::uuid[])`;
const BEGIN_LOGS = `
  insert into audit.logs (id, origin)
  select log.id, case when log.id = $2 then $3 || '/audit/operator'
    when keys.slug is not null then $3 || '/keys/t/' || keys.slug
    else $3 || '/audit/t/' || coalesce(tenants.slug, log.id::text) end
  from unnest($1::uuid[]) as log (id)
  left join sealdesk.tenants on tenants.id = log.id
  left join sealdesk.tenants as keys on audit.key_log(keys.id) = log.id
  on conflict (id) do nothing`;
const EDGES = `
  select log, level, hashes from audit.tiles
  join unnest($1::uuid[], $2::int2[], $3::int8[]) as edge (log, level, index)
  using (log, level, index)`;
const ADD_LEAVES = `
  insert into audit.leaves (log, index, entry)
  select * from unnest($1::uuid[], $2::int8[], $3::int8[])`;
const PUT_TILES = `
  insert into audit.tiles (log, level, index, hashes)
  select * from unnest($1::uuid[], $2::int2[], $3::int8[], $4::bytea[])
  on conflict (log, level, index) do update set hashes = excluded.hashes`;
const ADD_TREES = `
  insert into audit.trees (log, size, root) select * from unnest($1::uuid[], $2::int8[], $3::bytea[])`;

/**
 * Gives up to `limit` pending entries their places: leaves, tiles and trees of all their logs, in
 * one transaction.
 * @param originPrefix of logs that begin now, such as `support.example.com`
 * @returns how many entries were pending, and the new heads, which are durable and not signed yet
 * @throws AuditError log_inconsistent, when the rows of a tree do not agree with one another
 */
export async function integrateBatch(
  client: Client,
  originPrefix: string,
  limit: number,
): Promise<{ readonly taken: number; readonly trees: readonly CommittedTree[] }> {
  await client.query("begin");
  try {
    const { rows } = await client.query<Pending>(TAKE, [limit]);
    const trees = rows.length === 0 ? [] : await integrate(client, originPrefix, rows);
    await client.query("commit");
    return { taken: rows.length, trees };
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}

async function integrate(
  client: Client,
  originPrefix: string,
  rows: readonly Pending[],
): Promise<CommittedTree[]> {
  const byLog = new Map<LogId, Pending[]>();
  for (const row of rows.toSorted((a, b) => a.entry - b.entry)) {
    const sameLog = byLog.get(row.log);
    if (sameLog === undefined) byLog.set(row.log, [row]);
    else sameLog.push(row);
  }
  const heads = await readHeads(client, originPrefix, [...byLog.keys()]);
  const edges = await readEdges(client, heads);
  const trees: CommittedTree[] = [];
  const tiles: (FilledTile & { readonly log: LogId })[] = [];
  const leaves: { readonly log: LogId; readonly index: number; readonly entry: number }[] = [];
  for (const tree of heads) {
    const { log, origin } = tree;
    const pending = byLog.get(log) ?? [];
    const grown = growOrRefuse(
      tree,
      edges.get(log) ?? new Map(),
      pending.map(({ leaf_hash }) => leaf_hash),
    );
    trees.push({ log, origin, ...grown.head });
    for (const tile of grown.tiles) tiles.push({ log, ...tile });
    pending.forEach(({ entry }, at) => leaves.push({ log, index: tree.size + at, entry }));
  }
  await client.query(ADD_LEAVES, [
    uuidArray(leaves.map(({ log }) => log)),
    int8Array(leaves.map(({ index }) => index)),
    int8Array(leaves.map(({ entry }) => entry)),
  ]);
  await client.query(PUT_TILES, [
    uuidArray(tiles.map(({ log }) => log)),
    int2Array(tiles.map(({ level }) => level)),
    int8Array(tiles.map(({ index }) => index)),
    byteaArray(tiles.map(({ hashes }) => hashes)),
  ]);
  await client.query(ADD_TREES, [
    uuidArray(trees.map(({ log }) => log)),
    int8Array(trees.map(({ size }) => size)),
    byteaArray(trees.map(({ root }) => root)),
  ]);
  return trees;
}

async function readHeads(
  client: Client,
  originPrefix: string,
  logs: readonly LogId[],
): Promise<CommittedTree[]> {
  const read = async () =>
    (
      await client.query<{ log: LogId; origin: string; size: number | null; root: Uint8Array }>(
        HEADS,
        [uuidArray(logs)],
      )
    ).rows;
  let rows = await read();
  if (rows.length < logs.length) {
    await client.query(BEGIN_LOGS, [uuidArray(logs), OPERATOR_LOG, originPrefix]);
    rows = await read();
  }
  return rows.map(({ size, root, ...log }) => ({
    ...log,
    size: size ?? 0,
    root: size === null ? emptyRoot(nodeChecks.sha256) : root,
  }));
}

/** The partial tiles of each tree, by log and level. */
async function readEdges(client: Client, trees: readonly CommittedTree[]) {
  const wanted = trees.flatMap(({ log, size }) =>
    [...edgeTiles(size)].map((tile) => ({ log, ...tile })),
  );
  const edges = new Map<LogId, Map<number, Uint8Array>>();
  const { rows } = await client.query<{ log: LogId; level: number; hashes: Uint8Array }>(EDGES, [
    uuidArray(wanted.map(({ log }) => log)),
    int2Array(wanted.map(({ level }) => level)),
    int8Array(wanted.map(({ index }) => index)),
  ]);
  for (const { log, level, hashes } of rows) {
    const edge = edges.get(log) ?? new Map<number, Uint8Array>();
    edges.set(log, edge.set(level, hashes));
  }
  return edges;
}

function growOrRefuse(
  tree: CommittedTree,
  edge: ReadonlyMap<number, Uint8Array>,
  leaves: readonly Uint8Array[],
) {
  const isWhole = [...edgeTiles(tree.size)].every(
    ({ level, width }) => edge.get(level)?.length === width * HASH_BYTES,
  );
  try {
    if (!isWhole) throw new RangeError("The tree's partial tiles are not there.");
    return growTree(nodeChecks.sha256, tree, edge, leaves);
  } catch (cause) {
    throw new AuditError(
      "log_inconsistent",
      `The tiles of ${tree.origin} do not lead to the root of its tree; its rows were altered.`,
      { cause },
    );
  }
}
