import { concat } from "../../crypto/wire/bytes.ts";
import type { Client } from "../../db/pool.ts";
import type { LogId } from "../logs.ts";
import type { NoteSignature } from "../verify/note.ts";

/** A log's newest signed head, which a witness has not cosigned. */
export interface UncosignedHead {
  readonly log: LogId;
  readonly origin: string;
  readonly note: string;
  readonly size: number;
  /** The size that the witness cosigned last; 0 when it cosigned none. */
  readonly seen: number;
}

/** Read at once. */
const PAGE = 64;

const UNCOSIGNED = `
  select id as log, origin, note, size, coalesce(
    (select max(kept.size) from audit.cosignatures as kept where kept.log = id and witness = $1), 0
  ) as seen
  from audit.logs
  join lateral (
    select note, size from audit.checkpoints where log = id order by size desc limit 1
  ) as latest on true
  where ($2::uuid is null or id > $2) and not exists (
    select from audit.cosignatures as kept
    where kept.log = id and kept.size = latest.size and witness = $1
  )
  order by id limit $3`;

const KEEP = `
  insert into audit.cosignatures (log, size, witness, signature) values ($1, $2, $3, $4)
  on conflict do nothing`;

/** Each log's newest head that the witness has not cosigned yet, the operator's first. */
export async function* uncosignedHeads(
  client: Client,
  witness: string,
): AsyncIterable<UncosignedHead> {
  for (let after: LogId | null = null; ;) {
    const page: { rows: UncosignedHead[] } = await client.query<UncosignedHead>(UNCOSIGNED, [
      witness,
      after,
      PAGE,
    ]);
    yield* page.rows;
    if (page.rows.length < PAGE) return;
    after = page.rows.at(-1)?.log ?? null;
  }
}

/** @param cosignature checked */
export async function keepCosignature(
  client: Client,
  { log, size }: UncosignedHead,
  { name, keyId, signature }: NoteSignature,
): Promise<void> {
  await client.query(KEEP, [log, size, name, Buffer.from(concat(keyId, signature))]);
}
