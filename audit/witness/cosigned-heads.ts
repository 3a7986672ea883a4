import { concat } from "../../crypto/wire/bytes.ts";
import type { Client } from "../../db/pool.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import { OPERATOR_LOG } from "../logs.ts";
import { nodeChecks } from "../node-checks.ts";
import { keyIdOf, type NoteSignature } from "../verify/note.ts";
import type { ConfiguredWitness } from "./parse-witness.ts";

/** A log's newest signed head that a witness has not cosigned. */
export interface UncosignedHead {
  readonly log: LogId;
  readonly origin: string;
  readonly note: string;
  readonly size: number;
  /** The size that the witness cosigned last, or 0 if it cosigned none. */
  readonly seen: number;
}

/** The number of heads that are read at a time. */
const PAGE = 64;

const UNCOSIGNED = `
  select id as log, origin, note, size, coalesce((
    select max(kept.size) from audit.cosignatures as kept
    where kept.log = id and witness = $1 and key_id = $2
  ), 0) as seen
  from audit.logs
  join lateral (
    select note, size from audit.checkpoints where log = id order by size desc limit 1
  ) as latest on true
  where ($3::uuid is null or id > $3) and ($4::uuid is null or id <= $4)
  and ($5 = 'all' or id = $6)
  and not exists (
    select from audit.cosignatures as kept
    where kept.log = id and kept.size = latest.size and witness = $1 and key_id = $2
  )
  order by id limit $7`;

const OF_SIZE = `
  select id as log, origin, note, size, 0 as seen from audit.logs join audit.checkpoints on log = id
  where id = $1 and size = $2`;

const KEEP = `
  insert into audit.cosignatures (log, size, witness, signature) values ($1, $2, $3, $4)
  on conflict do nothing`;

/**
 * Yields the newest head of each log that the witness gets and has not cosigned with its current
 * key.
 * @param after the log to start behind; the logs up to it come last
 */
export async function* uncosignedHeads(
  client: Client,
  witness: ConfiguredWitness,
  after: LogId | undefined,
): AsyncIterable<UncosignedHead> {
  yield* headsBetween(client, witness, after ?? null, null);
  if (after !== undefined) yield* headsBetween(client, witness, null, after);
}

/** Yields the logs after one up to another, in the order of their ids. */
async function* headsBetween(
  client: Client,
  { key, gets }: ConfiguredWitness,
  after: LogId | null,
  last: LogId | null,
): AsyncIterable<UncosignedHead> {
  const keyId = Buffer.from(keyIdOf(nodeChecks.sha256, key));
  for (let from = after; ;) {
    const page: { rows: UncosignedHead[] } = await client.query<UncosignedHead>(UNCOSIGNED, [
      key.name,
      keyId,
      from,
      last,
      gets,
      OPERATOR_LOG,
      PAGE,
    ]);
    yield* page.rows;
    if (page.rows.length < PAGE) return;
    from = page.rows.at(-1)?.log ?? null;
  }
}

/** Returns the head of a log that had this size, if it was signed. */
export async function headOfSize(
  client: Client,
  log: LogId,
  size: number,
): Promise<UncosignedHead | undefined> {
  return (await client.query<UncosignedHead>(OF_SIZE, [log, size])).rows[0];
}

/**
 * Stores a cosignature.
 * @param cosignature already checked
 */
export async function keepCosignature(
  client: Client,
  { log, size }: UncosignedHead,
  { name, keyId, signature }: NoteSignature,
): Promise<void> {
  await client.query(KEEP, [log, size, name, Buffer.from(concat(keyId, signature))]);
}
