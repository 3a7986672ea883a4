/** Tiles that are checked against a signed head, as in Go's `tlog.TileHashReader`. */
import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { TreeHead } from "./checkpoint.ts";
import { LogError } from "./log-error.ts";
import { readTile, type LogSource } from "./log-source.ts";
import { edgeTiles, TILE_WIDTH, tilePath, type Tile } from "./tile.ts";
import { GrowingRoot, rootOf } from "./growing-root.ts";
import { HASH_BYTES, type Sha256 } from "./tree-hash.ts";

/** The right edge of a tree: for each level, the hashes of its partial tile. */
export type Edge = ReadonlyMap<number, Uint8Array>;

/** Returns the root of the tree of `size` with the partial tiles of `edge`. */
export function rootOfEdge(sha256: Sha256, size: number, edge: Edge): Uint8Array {
  const growing = new GrowingRoot(sha256);
  for (const { level, width } of [...edgeTiles(size)].toReversed()) {
    const hashes = edge.get(level) ?? new Uint8Array(0);
    for (let at = 0; at < width; at++)
      growing.append(hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES), TILE_WIDTH ** level);
  }
  return growing.root();
}

/** Reads the tiles of one signed tree. A tile is given out only if it leads to the signed root. */
export class ProvenTiles {
  readonly #sha256: Sha256;
  readonly #source: LogSource;
  readonly #head: TreeHead;
  #edge: Promise<Edge> | undefined;
  readonly #whole = new Map<string, Promise<Uint8Array>>();

  constructor(sha256: Sha256, source: LogSource, head: TreeHead) {
    this.#sha256 = sha256;
    this.#source = source;
    this.#head = head;
  }

  /**
   * Returns the hashes of a tile, as many as the tree has there.
   * @throws LogError missing, malformed, mismatch: the stored tile does not lead to the root
   */
  async hashes(level: number, index: number): Promise<Uint8Array> {
    const count = Math.floor(this.#head.size / TILE_WIDTH ** level) - index * TILE_WIDTH;
    if (count <= 0) throw new RangeError("The tree has no such tile.");
    if (count >= TILE_WIDTH) return this.#wholeTile({ level, index, width: TILE_WIDTH });
    const hashes = (await this.proveEdge()).get(level);
    return hashes ?? new Uint8Array(0);
  }

  /**
   * Checks the right edge of the tree, which leads to the root.
   * @throws LogError missing, malformed, mismatch
   */
  proveEdge(): Promise<Edge> {
    this.#edge ??= this.#readEdge();
    return this.#edge;
  }

  #wholeTile(tile: Tile): Promise<Uint8Array> {
    const path = tilePath(tile);
    const known = this.#whole.get(path) ?? this.#prove(tile, path);
    this.#whole.set(path, known);
    return known;
  }

  async #prove(tile: Tile, path: string): Promise<Uint8Array> {
    const hashes = await readTile(this.#source, tile);
    const above = await this.hashes(tile.level + 1, Math.floor(tile.index / TILE_WIDTH));
    const at = (tile.index % TILE_WIDTH) * HASH_BYTES;
    if (!equalBytes(rootOf(this.#sha256, hashes), above.subarray(at, at + HASH_BYTES)))
      throw new LogError("mismatch", path, "does not lead to the signed root.");
    return hashes;
  }

  async #readEdge(): Promise<Edge> {
    const { size, root } = this.#head;
    const edge = new Map<number, Uint8Array>();
    for (const tile of edgeTiles(size)) edge.set(tile.level, await readTile(this.#source, tile));
    if (!equalBytes(rootOfEdge(this.#sha256, size, edge), root))
      throw new LogError(
        "mismatch",
        `tiles at the end of the tree of ${size}`,
        "do not lead to the signed root.",
      );
    return edge;
  }
}
