import type { Client } from "../../db/pool.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import type { LogSource } from "../verify/log-source.ts";
import { parseTilePath, type Tile } from "../verify/tile.ts";
import { HASH_BYTES } from "../verify/tree-hash.ts";

// The tiles are numbered, so one statement reads many.
const SELECT = `
  select asked.number, substring(tiles.hashes for asked.bytes) as hashes
  from unnest($2::int4[], $3::int4[], $4::int8[], $5::int4[]) as asked (number, level, index, bytes)
  join audit.tiles on tiles.log = $1 and tiles.level = asked.level and tiles.index = asked.index
    and length(tiles.hashes) >= asked.bytes`;

/**
 * Returns the hashes of tiles. Undefined for a tile that the log does not have yet. A partial tile
 * is cut from the tile it grew into.
 */
async function readTileRows(
  client: Client,
  log: LogId,
  tiles: readonly Tile[],
): Promise<readonly (Uint8Array | undefined)[]> {
  const { rows } = await client.query<{ number: number; hashes: Uint8Array }>(SELECT, [
    log,
    tiles.map((_, number) => number),
    tiles.map(({ level }) => level),
    tiles.map(({ index }) => index),
    tiles.map(({ width }) => width * HASH_BYTES),
  ]);
  const found = new Map(rows.map(({ number, hashes }) => [number, hashes]));
  return tiles.map((_, number) => found.get(number));
}

interface Waiting {
  readonly tile: Tile;
  readonly resolve: (hashes: Uint8Array | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Returns the tiles of a log in the database, without entries and checkpoint. Proofs need only
 * these. Tiles that are requested while a statement runs are read by the next one. So the proofs of
 * many entries cost few statements if they are made at the same time.
 */
export function tileRows(client: Client, log: LogId): LogSource {
  let waiting: Waiting[] = [];
  let reading: Promise<void> = Promise.resolve();
  const readWaiting = async () => {
    const batch = waiting;
    waiting = [];
    try {
      const tiles = batch.map(({ tile }) => tile);
      const found = await readTileRows(client, log, tiles);
      for (const [number, { resolve }] of batch.entries()) resolve(found[number]);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };
  return {
    async read(path) {
      const parsed = parseTilePath(path);
      if (parsed.kind !== "tile") return undefined;
      const { tile } = parsed;
      return new Promise((resolve, reject) => {
        waiting.push({ tile, resolve, reject });
        if (waiting.length === 1) reading = reading.then(readWaiting);
      });
    },
  };
}
