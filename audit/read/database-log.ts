import { utf8 } from "../../crypto/wire/bytes.ts";
import type { Client } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import type { LogId } from "../logs.ts";
import { encodeBundle } from "../verify/entry-bundle.ts";
import type { LogSource } from "../verify/log-source.ts";
import { parseTilePath, TILE_WIDTH } from "../verify/tile.ts";
import { serialise } from "./serialise.ts";
import { readTileRow } from "./tile-rows.ts";

export interface LogInfo {
  readonly origin: string;
  /** Entries below this index were pruned. */
  readonly minimumIndex: number;
}

/** @throws AuditError log_not_found */
export async function readLogInfo(client: Client, log: LogId): Promise<LogInfo> {
  const { rows } = await client.query<LogInfo>(
    `select origin, minimum_index as "minimumIndex" from audit.logs where id = $1`,
    [log],
  );
  const [info] = rows;
  if (info === undefined)
    throw new AuditError("log_not_found", "Nothing has been integrated into this log yet.");
  return info;
}

// One line for each cosignature, in the order of names.
const COSIGNED = `note || coalesce((
    select string_agg(
      E'\\u2014 ' || witness || ' ' || replace(encode(signature, 'base64'), E'\\n', '') || E'\\n',
      '' order by witness, key_id
    )
    from audit.cosignatures as kept where kept.log = signed.log and kept.size = signed.size
  ), '') as note`;
const LATEST = `
  select ${COSIGNED} from audit.checkpoints as signed where log = $1 order by size desc limit 1`;
const LATEST_COSIGNED = `
  select ${COSIGNED} from audit.checkpoints as signed where log = $1 and size = (
    select size from audit.cosignatures where log = $1
    group by size having count(distinct witness) >= $2 order by size desc limit 1
  )`;

/**
 * The latest signed checkpoint with its cosignatures.
 * @param cosignedBy take the latest one that at least this many witnesses cosigned
 * @returns undefined if there is none
 */
export async function readCheckpoint(
  client: Client,
  log: LogId,
  cosignedBy = 0,
): Promise<string | undefined> {
  const { rows } = await (cosignedBy === 0
    ? client.query<{ note: string }>(LATEST, [log])
    : client.query<{ note: string }>(LATEST_COSIGNED, [log, cosignedBy]));
  return rows[0]?.note;
}

/** The entries from `from` up to, but not including, `until`, in order, without pruned ones. */
export async function readEntries(
  client: Client,
  log: LogId,
  from: number,
  until: number,
): Promise<readonly { readonly index: number; readonly entry: Uint8Array }[]> {
  const { rows } = await client.query<{ index: number; entry: Uint8Array }>(
    `select leaves.index, entries.entry
     from audit.leaves join audit.entries on entries.id = leaves.entry
     where leaves.log = $1 and leaves.index >= $2 and leaves.index < $3 order by leaves.index`,
    [log, from, until],
  );
  return rows;
}

/**
 * A log in the database as the files of C2SP tlog-tiles. `client` must be in a transaction that is
 * fenced to `log`.
 */
export const databaseLog = (client: Client, log: LogId): LogSource => ({
  read: serialise(async (path: string) => {
    if (path === "checkpoint") {
      const note = await readCheckpoint(client, log);
      return note === undefined ? undefined : utf8(note);
    }
    const parsed = parseTilePath(path);
    if (parsed.kind === "tile") return readTileRow(client, log, parsed.tile);
    const from = parsed.index * TILE_WIDTH;
    const entries = await readEntries(client, log, from, from + parsed.width);
    if (entries.length < parsed.width) return undefined;
    return encodeBundle(entries.map(({ entry }) => entry));
  }),
});
