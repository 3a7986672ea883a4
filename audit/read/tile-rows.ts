import type { Client } from "../../db/pool.ts";
import type { LogId } from "../logs.ts";
import type { LogSource } from "../verify/log-source.ts";
import { parseTilePath, type Tile } from "../verify/tile.ts";
import { HASH_BYTES } from "../verify/tree-hash.ts";
import { serialise } from "./serialise.ts";

const SELECT = `
  select substring(hashes for $4) as hashes from audit.tiles
  where log = $1 and level = $2 and index = $3 and length(hashes) >= $4`;

/**
 * A tile's hashes, or undefined if the log has no such tile yet. A partial tile is cut from the
 * tile it grew into.
 */
export async function readTileRow(
  client: Client,
  log: LogId,
  { level, index, width }: Tile,
): Promise<Uint8Array | undefined> {
  const { rows } = await client.query<{ hashes: Uint8Array }>(SELECT, [
    log,
    level,
    index,
    width * HASH_BYTES,
  ]);
  return rows[0]?.hashes;
}

/** The tiles of a log in the database, without entries and checkpoint. Proofs need only these. */
export const tileRows = (client: Client, log: LogId): LogSource => ({
  read: serialise(async (path: string) => {
    const parsed = parseTilePath(path);
    return parsed.kind === "tile" ? readTileRow(client, log, parsed.tile) : undefined;
  }),
});
