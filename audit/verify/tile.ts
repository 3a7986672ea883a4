/** C2SP tlog-tiles: the paths of a tree's hashes and entries. */
import { LogError } from "./log-error.ts";

/** The number of hashes in a full tile, and of entries in a full bundle. */
export const TILE_WIDTH = 256;

export interface Tile {
  /** Level 0 holds leaf hashes. Each hash on a higher level is the root of a full tile below. */
  readonly level: number;
  readonly index: number;
  /** 1 to 256. Less than 256 means a partial tile. */
  readonly width: number;
}

/** Returns how many hashes a tree of `size` leaves has at tile level `level`. */
const hashesAt = (level: number, size: number): number => Math.floor(size / TILE_WIDTH ** level);

/**
 * Yields every tile of a level in a tree of `size`, with the partial tile last. Yields nothing if
 * the level is empty.
 */
export function* tilesOfLevel(level: number, size: number): Generator<Tile> {
  const hashes = hashesAt(level, size);
  for (let index = 0; index * TILE_WIDTH < hashes; index++)
    yield { level, index, width: Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH) };
}

/** Yields every tile of a tree of `size`, level by level. */
export function* tilesOf(size: number): Generator<Tile> {
  for (let level = 0; hashesAt(level, size) > 0; level++) yield* tilesOfLevel(level, size);
}

/**
 * Yields the partial tiles at the right edge of a tree of `size`: at most one for each level, never
 * an empty one.
 */
export function* edgeTiles(size: number): Generator<Tile> {
  for (let level = 0; hashesAt(level, size) > 0; level++) {
    const hashes = hashesAt(level, size);
    const width = hashes % TILE_WIDTH;
    if (width > 0) yield { level, index: Math.floor(hashes / TILE_WIDTH), width };
  }
}

/** Index 1234067 is `x001/x234/067`. */
function indexPath(index: number): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/\d{3}/g) ?? [];
  return groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join("/");
}

const place = (kind: string, index: number, width: number): string =>
  `tile/${kind}/${indexPath(index)}${width < TILE_WIDTH ? `.p/${width}` : ""}`;

export const tilePath = ({ level, index, width }: Tile): string =>
  place(String(level), index, width);

/** Returns the path of the entries of level-0 tile `index`. */
export const bundlePath = (index: number, width: number): string => place("entries", index, width);

const pathPattern =
  /^tile\/(?<kind>entries|0|[1-9]\d?)\/(?<groups>(?:x\d{3}\/)*\d{3})(?:\.p\/(?<width>[1-9]\d{0,2}))?$/;

/**
 * Reads a path in the form that `tilePath` and `bundlePath` write.
 * @throws LogError malformed
 */
export function parseTilePath(
  path: string,
):
  | { readonly kind: "tile"; readonly tile: Tile }
  | { readonly kind: "bundle"; readonly index: number; readonly width: number } {
  const groups = pathPattern.exec(path)?.groups;
  if (groups !== undefined) {
    const { kind = "", groups: digits = "", width: partial } = groups;
    const index = Number(digits.replaceAll(/[x/]/g, ""));
    const width = partial === undefined ? TILE_WIDTH : Number(partial);
    const level = kind === "entries" ? 0 : Number(kind);
    // Accepts one path for each tile: no leading zeros that are not needed, no partial tile that is
    // full, no level over 63.
    if (level <= 63 && Number.isSafeInteger(index) && place(kind, index, width) === path)
      return kind === "entries"
        ? { kind: "bundle", index, width }
        : { kind: "tile", tile: { level, index, width } };
  }
  throw new LogError("malformed", path, "not the path of a tile or an entry bundle.");
}
