/** Verifies a whole log from its entries up: C2SP tlog-tiles. */
import { equalBytes, toHex } from "../../crypto/wire/bytes.ts";
import { openCheckpoint, type Checkpoint, type TreeHead } from "./checkpoint.ts";
import { compareEntries, readBundle } from "./leaves.ts";
import { LogError } from "./log-error.ts";
import { readTile, type LogSource } from "./log-source.ts";
import type { Checks, Note, NoteKey } from "./note.ts";
import {
  bundlePath,
  parseTilePath,
  TILE_WIDTH,
  tilePath,
  tilesOf,
  tilesOfLevel,
  type Tile,
} from "./tile.ts";
import { GrowingRoot, rootOf } from "./growing-root.ts";
import { HASH_BYTES } from "./tree-hash.ts";

export interface LogQuestion {
  readonly key: NoteKey;
  /** Trusted earlier heads. The log must still begin with each. */
  readonly old?: readonly TreeHead[] | undefined;
  /** Entries below this index were pruned. Their hashes are checked. The entries may be missing. */
  readonly prunedBelow?: number | undefined;
  readonly onProgress?: ((checked: number, size: number) => void) | undefined;
  /** Called with each entry that is there, in order, before the root is known to match. */
  readonly onEntry?: ((entry: Uint8Array, index: number) => void) | undefined;
}

/**
 * The number of bundles that are requested at the same time. It hides network latency and limits
 * memory.
 */
const READ_AHEAD = 8;

/**
 * Recomputes the tree from the entries. It compares every tile, and the root that `key` signed.
 * Memory does not grow with the log.
 * @throws LogError, whose `place` is the first entry or tile that does not agree
 */
export async function verifyLog(
  checks: Checks,
  source: LogSource,
  question: LogQuestion,
): Promise<Checkpoint & { readonly note: Note }> {
  const signed = await source.read("checkpoint");
  if (signed === undefined) throw new LogError("missing", "checkpoint", "is not there.");
  const checkpoint = openCheckpoint(checks, signed, question.key);
  const { old = [] } = question;
  const most = Math.max(0, ...old.map(({ size }) => size));
  if (most > checkpoint.size)
    throw new LogError(
      "rolled_back",
      `entry ${checkpoint.size}`,
      `the log ends here; it had ${most} entries.`,
    );
  await refuseExtra(source, checkpoint.size);
  const levels = new UpperTiles(checks, source);
  const growing = new GrowingRoot(checks.sha256);
  const oldSizes = new Set(old.map(({ size }) => size));
  const roots = new Map([[0, growing.root()]]);
  for await (const { tile, hashes, entries } of level0(checks, source, checkpoint.size, question)) {
    const first = tile.index * TILE_WIDTH;
    entries.forEach((entry, at) => question.onEntry?.(entry, first + at));
    for (let at = 0; at < tile.width; at++) {
      growing.append(hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
      if (oldSizes.has(growing.size)) roots.set(growing.size, growing.root());
    }
    if (tile.width === TILE_WIDTH) await levels.add(1, rootOf(checks.sha256, hashes));
    question.onProgress?.(growing.size, checkpoint.size);
  }
  await levels.finish();
  if (!equalBytes(growing.root(), checkpoint.root))
    throw new LogError(
      "mismatch",
      "checkpoint",
      "entries and tiles agree with one another, but not with the signed root.",
    );
  for (const { size, root } of old)
    if (!equalBytes(roots.get(size) ?? new Uint8Array(0), root))
      throw new LogError(
        "forked",
        `entries 0 to ${size - 1}`,
        "their root is not the one that was signed before.",
      );
  return checkpoint;
}

interface Leaves {
  readonly tile: Tile;
  readonly hashes: Uint8Array;
  /** Empty if the entries were pruned. */
  readonly entries: readonly Uint8Array[];
}

/** Level-0 tiles in order, each compared with its entries. Some are read ahead. */
async function* level0(
  checks: Checks,
  source: LogSource,
  size: number,
  { prunedBelow = 0 }: LogQuestion,
): AsyncGenerator<Leaves> {
  const ahead: { readonly tile: Tile; readonly read: ReturnType<typeof readLeaves> }[] = [];
  const compared = async (): Promise<Leaves> => {
    const next = ahead.shift();
    if (next === undefined) throw new RangeError("nothing was requested");
    const { hashes, bundle } = await next.read;
    const isPruned = bundle === undefined && (next.tile.index + 1) * TILE_WIDTH <= prunedBelow;
    const entries = isPruned ? [] : compareEntries(checks, next.tile, hashes, bundle);
    return { tile: next.tile, hashes, entries };
  };
  for (const tile of tilesOfLevel(0, size)) {
    const read = readLeaves(source, tile);
    // The result is awaited in its turn. Until then, a rejection must not end the process.
    read.catch(() => undefined);
    ahead.push({ tile, read });
    if (ahead.length >= READ_AHEAD) yield await compared();
  }
  while (ahead.length > 0) yield await compared();
}

async function readLeaves(source: LogSource, tile: Tile) {
  const [hashes, bundle] = await Promise.all([readTile(source, tile), readBundle(source, tile)]);
  return { hashes, bundle };
}

/** Tiles above level 0. Each is compared as soon as everything below it was seen. */
class UpperTiles {
  readonly #checks: Checks;
  readonly #source: LogSource;
  /** The tile that is being filled, by level. */
  readonly #filling = new Map<number, { index: number; readonly hashes: Uint8Array[] }>();

  constructor(checks: Checks, source: LogSource) {
    this.#checks = checks;
    this.#source = source;
  }

  async add(level: number, hash: Uint8Array): Promise<void> {
    const tile = this.#filling.get(level) ?? { index: 0, hashes: [] };
    this.#filling.set(level, tile);
    tile.hashes.push(hash);
    if (tile.hashes.length < TILE_WIDTH) return;
    const hashes = await this.#compare(level, tile.index, tile.hashes);
    this.#filling.set(level, { index: tile.index + 1, hashes: [] });
    await this.add(level + 1, rootOf(this.#checks.sha256, hashes));
  }

  /** Compares the remaining partial tiles. */
  async finish(): Promise<void> {
    for (const [level, { index, hashes }] of this.#filling)
      if (hashes.length > 0) await this.#compare(level, index, hashes);
  }

  async #compare(
    level: number,
    index: number,
    computed: readonly Uint8Array[],
  ): Promise<Uint8Array> {
    const tile = { level, index, width: computed.length };
    const hashes = await readTile(this.#source, tile);
    for (const [at, hash] of computed.entries())
      if (!equalBytes(hash, hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES)))
        throw new LogError(
          "mismatch",
          tilePath(tile),
          `its hash ${at} does not match the entries, ${toHex(hash).slice(0, 16)}...`,
        );
    return hashes;
  }
}

/** Requires that a source which lists its files holds no file that the tree has no place for. */
async function refuseExtra(source: LogSource, size: number): Promise<void> {
  if (source.list === undefined) return;
  for await (const path of source.list()) {
    if (!path.startsWith("tile/")) continue;
    const parsed = parseTilePath(path);
    const tile = parsed.kind === "tile" ? parsed.tile : { level: 0, ...parsed };
    const end = (tile.index * TILE_WIDTH + tile.width) * TILE_WIDTH ** tile.level;
    if (end > size) throw new LogError("extra", path, `the tree has ${size} entries.`);
  }
}

/** Yields every path of a log of `size`: tiles and bundles, without the checkpoint. */
export function* pathsOf(size: number): Generator<string> {
  for (const tile of tilesOf(size)) yield tilePath(tile);
  for (const { index, width } of tilesOfLevel(0, size)) yield bundlePath(index, width);
}
