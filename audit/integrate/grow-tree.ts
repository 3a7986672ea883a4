import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { TreeHead } from "../verify/checkpoint.ts";
import { rootOfEdge, type Edge } from "../verify/proven-tiles.ts";
import { TILE_WIDTH, type Tile } from "../verify/tile.ts";
import { rootOf } from "../verify/growing-root.ts";
import { HASH_BYTES, type Sha256 } from "../verify/tree-hash.ts";

export interface FilledTile extends Tile {
  /** `width` hashes of 32 bytes each. */
  readonly hashes: Uint8Array;
}

/**
 * Appends leaf hashes to a tree.
 * @param edge the tree's partial tiles
 * @returns the new head, and every tile that is new or grew
 * @throws RangeError if the edge does not lead to the tree's root: its rows were altered
 */
export function growTree(
  sha256: Sha256,
  tree: TreeHead,
  edge: Edge,
  leaves: readonly Uint8Array[],
): { readonly head: TreeHead; readonly tiles: readonly FilledTile[] } {
  if (!equalBytes(rootOfEdge(sha256, tree.size, edge), tree.root))
    throw new RangeError("The tree's partial tiles do not lead to its root.");
  const size = tree.size + leaves.length;
  const tiles: FilledTile[] = [];
  const newEdge = new Map<number, Uint8Array>();
  let added = leaves;
  for (let level = 0; added.length > 0 || edge.has(level); level++) {
    const grown = fill(level, tree.size, edge.get(level), added);
    const last = grown.at(-1);
    if (added.length > 0) tiles.push(...grown);
    if (last !== undefined && last.width < TILE_WIDTH) newEdge.set(level, last.hashes);
    added = grown
      .filter(({ width }) => width === TILE_WIDTH)
      .map(({ hashes }) => rootOf(sha256, hashes));
  }
  // Levels above the last change keep their partial tiles.
  for (const [level, hashes] of edge)
    if (!tiles.some((tile) => tile.level === level)) newEdge.set(level, hashes);
  return { head: { size, root: rootOfEdge(sha256, size, newEdge) }, tiles };
}

/**
 * Appends `added` to the level's partial tile.
 * @returns that tile and all tiles that begin after it
 */
function fill(
  level: number,
  oldSize: number,
  partial: Uint8Array = new Uint8Array(0),
  added: readonly Uint8Array[] = [],
): FilledTile[] {
  const filled: FilledTile[] = [];
  let index = Math.floor(oldSize / TILE_WIDTH ** (level + 1));
  let start = partial;
  for (let taken = 0; taken < added.length || start.length > 0; index++) {
    const room = TILE_WIDTH - start.length / HASH_BYTES;
    const here = added.slice(taken, taken + room);
    taken += here.length;
    const hashes = new Uint8Array(start.length + here.length * HASH_BYTES);
    hashes.set(start);
    here.forEach((hash, at) => hashes.set(hash, start.length + at * HASH_BYTES));
    filled.push({ level, index, width: hashes.length / HASH_BYTES, hashes });
    start = new Uint8Array(0);
  }
  return filled;
}
