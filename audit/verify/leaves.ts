/** The leaves of a log under one tile of level 0: C2SP tlog-tiles. */
import { equalBytes } from "../../crypto/wire/bytes.ts";
import { bundleEntries, decodeBundle } from "./entry-bundle.ts";
import { LogError } from "./log-error.ts";
import type { LogSource } from "./log-source.ts";
import type { Checks } from "./note.ts";
import { bundlePath, TILE_WIDTH, tilePath, type Tile } from "./tile.ts";
import { HASH_BYTES, leafHash } from "./tree-hash.ts";

/**
 * Returns the bundle of the entries under a tile, not checked. If a partial bundle is gone, the bytes
 * come from the full one that replaced it.
 * @returns undefined if there is none. @throws LogError malformed
 */
export async function readBundle(
  source: LogSource,
  { index, width }: Tile,
): Promise<Uint8Array | undefined> {
  const exact = await source.read(bundlePath(index, width));
  if (exact !== undefined || width === TILE_WIDTH) return exact;
  const path = bundlePath(index, TILE_WIDTH);
  const full = await source.read(path);
  if (full === undefined) return undefined;
  const entries = decodeBundle(full, path).slice(0, width);
  const bytes = entries.reduce((sum, { length }) => sum + 2 + length, 0);
  return full.subarray(0, bytes);
}

/**
 * Compares the entries of a bundle with the hashes of a tile.
 * @returns the entries
 * @throws LogError missing, malformed, mismatch, extra, whose `place` is the first entry with a fault
 */
export function compareEntries(
  { sha256 }: Checks,
  tile: Tile,
  hashes: Uint8Array,
  bundle: Uint8Array | undefined,
): Uint8Array[] {
  const path = bundlePath(tile.index, tile.width);
  const first = tile.index * TILE_WIDTH;
  if (bundle === undefined) throw new LogError("missing", `entry ${first}`, `${path} is missing.`);
  const entries: Uint8Array[] = [];
  // Entries are compared one by one, so a wrong length shows at its own entry and not at the end of
  // the bundle.
  for (const entry of bundleEntries(bundle, `entries from ${first}, ${path}`)) {
    const at = entries.length * HASH_BYTES;
    const isExtra = entries.length >= tile.width;
    if (!isExtra && !equalBytes(leafHash(sha256, entry), hashes.subarray(at, at + HASH_BYTES)))
      throw new LogError(
        "mismatch",
        `entry ${first + entries.length}`,
        `${path} does not agree with ${tilePath(tile)}.`,
      );
    entries.push(entry);
  }
  if (entries.length < tile.width)
    throw new LogError("missing", `entry ${first + entries.length}`, `${path} ends before it.`);
  if (entries.length > tile.width)
    throw new LogError("extra", `entry ${first + tile.width}`, `${path} holds more than its tile.`);
  return entries;
}
