import type { Client } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import { nodeChecks } from "../node-checks.ts";
import { openLogRestores, type SignedRestore } from "../verify/log-restore.ts";
import type { NoteKey } from "../verify/note.ts";

export interface LogInfo {
  readonly origin: string;
  /** Entries below this index were pruned. */
  readonly minimumIndex: number;
  /** How many entries prunes set out to remove, in all. */
  readonly removals: number;
}

/** @throws AuditError log_not_found */
export async function readLogInfo(client: Client, log: LogId): Promise<LogInfo> {
  const { rows } = await client.query<LogInfo>(
    `select origin, minimum_index as "minimumIndex", removals from audit.logs where id = $1`,
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
const OF_SIZE = `
  select ${COSIGNED} from audit.checkpoints as signed where log = $1 and size = $2`;
const NEAREST = `
  select (select max(size) from audit.checkpoints where log = $1 and size < $2) as smaller,
    (select min(size) from audit.checkpoints where log = $1 and size > $2) as larger`;
const LATEST_COSIGNED = `
  select ${COSIGNED} from audit.checkpoints as signed where log = $1 and size = (
    select size from audit.cosignatures where log = $1
    group by size having count(distinct witness) >= $2 order by size desc limit 1
  )`;

const LATEST_OF_QUORUM = `
  select ${COSIGNED} from audit.checkpoints as signed where log = $1 and size = (
    select size from audit.cosignatures
    where log = $1 and witness || '+' || encode(key_id, 'hex') = any($2)
    group by size having count(*) >= $3 order by size desc limit 1
  )`;

/** Witnesses, and how many of them must have cosigned a head. */
export interface AskedQuorum {
  /** Each witness as the name of its key, `+` and the key's id in hex, as its verifier key begins. */
  readonly witnesses: readonly string[];
  readonly quorum: number;
}

/** Returns the latest checkpoint that a quorum of these witnesses cosigned, if there is one. */
export async function readCosigned(
  client: Client,
  log: LogId,
  { witnesses, quorum }: AskedQuorum,
): Promise<string | undefined> {
  const { rows } = await client.query<{ note: string }>(LATEST_OF_QUORUM, [log, witnesses, quorum]);
  return rows[0]?.note;
}

/**
 * Returns the latest signed checkpoint with its cosignatures.
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

/**
 * Returns the signed checkpoint of this size with its cosignatures.
 * @returns undefined if no head of the log is signed yet
 * @throws AuditError head_not_found, with the nearest sizes
 */
export async function readCheckpointOfSize(
  client: Client,
  log: LogId,
  size: number,
): Promise<string | undefined> {
  const { rows } = await client.query<{ note: string }>(OF_SIZE, [log, size]);
  const [row] = rows;
  if (row !== undefined) return row.note;
  const nearest = await client.query<{ smaller: number | null; larger: number | null }>(NEAREST, [
    log,
    size,
  ]);
  const { smaller = null, larger = null } = nearest.rows[0] ?? {};
  const sizes = [smaller, larger].filter((each) => each !== null);
  if (sizes.length === 0) return undefined;
  throw new AuditError(
    "head_not_found",
    `The log has no signed head of ${size} entries. ${sizes.length === 1 ? "The nearest has" : "The nearest have"} ${sizes.join(" and ")}.`,
  );
}

const RESTORES = "select note from audit.restores where origin = $1 order by restores";

/**
 * Returns the statements that a log was restored from a backup, the earliest first. Its key and two
 * approvers signed each. Other rows are left out, because anybody who can write to the database may
 * have added them.
 */
export async function readLogRestores(
  client: Client,
  key: NoteKey,
): Promise<readonly SignedRestore[]> {
  const { rows } = await client.query<{ note: string }>(RESTORES, [key.name]);
  const notes = rows.map(({ note }) => note);
  return openLogRestores(nodeChecks, notes, key).toSorted((a, b) => a.restores - b.restores);
}
