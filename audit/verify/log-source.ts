import { LogError } from "./log-error.ts";
import { TILE_WIDTH, tilePath, type Tile } from "./tile.ts";
import { rootOf } from "./growing-root.ts";
import { HASH_BYTES, splitPoint, nodeHash, type Sha256 } from "./tree-hash.ts";
import type { RangeRoot } from "./proofs.ts";

/** Gives access to a log's files, for example in a folder, on a web server or in a database. */
export interface LogSource {
  /** Returns the bytes at a path such as `tile/0/000.p/5`, or undefined if there are none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Every path, if the source can list them. */
  list?(): AsyncIterable<string>;
}

/**
 * Returns a tile's hashes, not checked against any root. If a partial tile is gone, the hashes come
 * from the full tile that replaced it.
 * @throws LogError missing, malformed
 */
export async function readTile(source: LogSource, tile: Tile): Promise<Uint8Array> {
  const path = tilePath(tile);
  const exact = await source.read(path);
  if (exact !== undefined) {
    if (exact.length === tile.width * HASH_BYTES) return exact;
    throw new LogError("malformed", path, `has ${exact.length} bytes.`);
  }
  const full =
    tile.width < TILE_WIDTH && (await source.read(tilePath({ ...tile, width: TILE_WIDTH })));
  if (full && full.length === TILE_WIDTH * HASH_BYTES)
    return full.subarray(0, tile.width * HASH_BYTES);
  throw new LogError("missing", path, "is not there.");
}

/** Reads what proofs need from the tiles of a tree of `size`. It reads each tile once. */
export function rangeRoots(sha256: Sha256, source: LogSource, size: number): RangeRoot {
  const tiles = new Map<string, Promise<Uint8Array>>();
  const tileAt = (level: number, index: number): Promise<Uint8Array> => {
    const hashes = Math.floor(size / TILE_WIDTH ** level);
    const width = Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH);
    const key = `${level}/${index}`;
    const known = tiles.get(key) ?? readTile(source, { level, index, width });
    tiles.set(key, known);
    return known;
  };
  /**
   * Returns the root of a whole subtree of `leaves` leaves, a power of two, that begins at `from`.
   */
  const whole = async (from: number, leaves: number): Promise<Uint8Array> => {
    const level = Math.floor(Math.log2(leaves) / 8);
    const each = TILE_WIDTH ** level;
    const [first, count] = [from / each, leaves / each];
    const tile = await tileAt(level, Math.floor(first / TILE_WIDTH));
    const at = (first % TILE_WIDTH) * HASH_BYTES;
    return rootOf(sha256, tile.subarray(at, at + count * HASH_BYTES));
  };
  const over: RangeRoot = async (from, until) => {
    const leaves = until - from;
    if (leaves === 1) return whole(from, 1);
    const left = splitPoint(leaves);
    if (left * 2 === leaves) return whole(from, leaves);
    return nodeHash(sha256, await whole(from, left), await over(from + left, until));
  };
  return over;
}
