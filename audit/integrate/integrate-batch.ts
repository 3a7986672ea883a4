import { equalBytes } from "../../crypto/wire/bytes.ts";
import { byteaArray, int2Array, int8Array, uuidArray } from "../../db/binary-arrays.ts";
import type { Client } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import { OPERATOR_LOG } from "../logs.ts";
import { nodeChecks } from "../node-checks.ts";
import type { TreeHead } from "../verify/checkpoint.ts";
import { edgeTiles } from "../verify/tile.ts";
import { emptyRoot, HASH_BYTES } from "../verify/tree-hash.ts";
import { growTree, type FilledTile } from "./grow-tree.ts";

/** The number of entries that are integrated in one transaction. */
export const MOST_AT_ONCE = 4_096;

/** A log's head that is committed and not signed yet. */
export interface CommittedTree extends TreeHead {
  readonly log: LogId;
  readonly origin: string;
}

/** The pending entries of one log, in order. */
interface Pending {
  readonly log: LogId;
  /** The ids of the entries, 8 bytes each, big-endian. */
  readonly ids: Buffer;
  /** The leaf hashes, 32 bytes each. */
  readonly hashes: Uint8Array;
}

// Two byte strings for each log, because thousands of rows would be slow to read one by one.
const WAITING = `
  select log, string_agg(int8send(entry), '' order by entry) as ids,
    string_agg(leaf_hash, '' order by entry) as hashes
  from (select entry, log, leaf_hash from audit.pending order by entry limit $1) as first
  group by log`;
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
// This comes last: the database releases no pending entry without a place in the log.
const DONE = "delete from audit.pending where entry = any($1::int8[])";

/**
 * Integrates up to `limit` pending entries. It writes the leaves, tiles and trees of all their logs
 * in one transaction.
 * @param originPrefix the prefix of the names of new logs, such as `support.example.com`
 * @param known the heads that this writer left. Nobody else writes, so they must still be the last
 * @returns how many entries were integrated, and the new heads, which are durable and not signed
 *   yet
 * @throws AuditError audit_log_inconsistent, if the rows of a tree do not agree with one another;
 *   audit_log_behind, if a log was rewound
 */
export async function integrateBatch(
  client: Client,
  originPrefix: string,
  limit: number,
  known: ReadonlyMap<LogId, TreeHead> = new Map(),
): Promise<{ readonly taken: number; readonly trees: readonly CommittedTree[] }> {
  await client.query("begin");
  try {
    const { rows } = await client.query<Pending>(WAITING, [limit]);
    const integrated =
      rows.length === 0
        ? { taken: 0, trees: [] }
        : await integrate(client, originPrefix, rows, known);
    await client.query("commit");
    return integrated;
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}

async function integrate(
  client: Client,
  originPrefix: string,
  waiting: readonly Pending[],
  known: ReadonlyMap<LogId, TreeHead>,
): Promise<{ readonly taken: number; readonly trees: readonly CommittedTree[] }> {
  const byLog = new Map(waiting.map((pending) => [pending.log, pending]));
  const heads = await readHeads(client, originPrefix, [...byLog.keys()]);
  const edges = await readEdges(client, heads);
  const trees: CommittedTree[] = [];
  const tiles: (FilledTile & { readonly log: LogId })[] = [];
  const leaves: { logs: LogId[]; indexes: number[]; entries: number[] } = {
    logs: [],
    indexes: [],
    entries: [],
  };
  for (const tree of heads) {
    const { log, origin } = tree;
    const pending = byLog.get(log);
    if (pending === undefined) continue;
    assertSame(tree, known.get(log));
    const entries = idsOf(pending.ids);
    const hashes = entries.map((_, at) =>
      pending.hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES),
    );
    const grown = growOrRefuse(tree, edges.get(log) ?? new Map(), hashes);
    trees.push({ log, origin, ...grown.head });
    for (const tile of grown.tiles) tiles.push({ log, ...tile });
    entries.forEach((entry, at) => {
      leaves.logs.push(log);
      leaves.indexes.push(tree.size + at);
      leaves.entries.push(entry);
    });
  }
  const entries = int8Array(leaves.entries);
  await client.query(ADD_LEAVES, [uuidArray(leaves.logs), int8Array(leaves.indexes), entries]);
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
  await client.query(DONE, [entries]);
  return { taken: leaves.entries.length, trees };
}

function assertSame(tree: CommittedTree, known: TreeHead | undefined): void {
  if (known === undefined) return;
  if (tree.size === known.size && equalBytes(tree.root, known.root)) return;
  const { origin, size } = tree;
  if (size < known.size)
    throw new AuditError(
      "audit_log_behind",
      `The log ${origin} has ${size} entries in the database, but this server wrote ${known.size}.`,
    );
  throw new AuditError(
    "audit_log_inconsistent",
    `The log ${origin} does not end with the head that this server wrote.`,
  );
}

const idsOf = (bytes: Buffer): number[] =>
  Array.from({ length: bytes.length / 8 }, (_, at) => Number(bytes.readBigInt64BE(at * 8)));

interface HeadRow {
  readonly log: LogId;
  readonly origin: string;
  /** Null before the first tree. */
  readonly size: number | null;
  readonly root: Uint8Array | null;
}

async function readHeads(
  client: Client,
  originPrefix: string,
  logs: readonly LogId[],
): Promise<CommittedTree[]> {
  const read = async () => (await client.query<HeadRow>(HEADS, [uuidArray(logs)])).rows;
  let rows = await read();
  if (rows.length < logs.length) {
    await client.query(BEGIN_LOGS, [uuidArray(logs), OPERATOR_LOG, originPrefix]);
    rows = await read();
  }
  return rows.map(({ size, root, ...log }) => ({
    ...log,
    size: size ?? 0,
    root: root ?? emptyRoot(nodeChecks.sha256),
  }));
}

/** Returns the partial tiles of each tree, by log and level. */
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
    if (!isWhole) throw new RangeError("The tree's partial tiles are missing.");
    return growTree(nodeChecks.sha256, tree, edge, leaves);
  } catch (cause) {
    throw new AuditError(
      "audit_log_inconsistent",
      `The tiles of ${tree.origin} do not lead to the root of its tree. Its rows were altered.`,
      { cause },
    );
  }
}
