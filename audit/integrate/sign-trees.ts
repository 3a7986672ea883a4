import { int8Array, uuidArray } from "../../db/binary-arrays.ts";
import type { Client } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import type { CheckpointStore } from "../checkpoints/checkpoint-store.ts";
import { OPERATOR_LOG, type LogSigner } from "../logs.ts";
import { signaturesOf } from "../sign-note.ts";
import { checkpointText } from "../verify/checkpoint.ts";
import { formatNote } from "../verify/note.ts";
import type { Restores } from "../restore/restores.ts";
import type { CommittedTree } from "./integrate-batch.ts";

/**
 * The number of signatures that are requested at the same time. A key service takes milliseconds
 * for each.
 */
const AT_ONCE = 8;

// A tenant's checkpoint becomes an entry of the operator's log once. Signing again after a crash
// gives the same note.
const KEEP = `
  with kept as (
    insert into audit.checkpoints (log, size, note)
    select * from unnest($1::uuid[], $2::int8[], $3::text[])
    on conflict (log, size) do nothing returning log, note
  )
  , logged as (
    insert into audit.entries (tenant, entry)
    select $4, convert_to(note, 'UTF8') from kept where log <> $4 returning id
  )
  select (select count(*) from kept where log <> $4) as wanted, (select count(*) from logged) as stored`;

const UNSIGNED = `
  select id as log, origin, size, root from audit.logs
  join lateral (
    select size, root from audit.trees where log = id order by size desc limit 1
  ) as latest on true
  where not exists (
    select from audit.checkpoints as signed where signed.log = id and signed.size = latest.size
  )`;

/** Returns the heads that a crash or an unavailable signer left without a signature. */
export async function unsignedTrees(client: Client): Promise<CommittedTree[]> {
  return (await client.query<CommittedTree>(UNSIGNED)).rows;
}

/** Signs a committed head and returns the note. It says how often the log was restored. */
async function signTree(
  signer: LogSigner,
  tree: CommittedTree,
  restores: Restores,
): Promise<string> {
  const text = checkpointText({ ...tree, restores: restores.countOf(tree.origin) });
  return formatNote(text, await signaturesOf(signer, tree.origin, text));
}

const notStored = () =>
  new AuditError(
    "audit_entry_not_stored",
    "The database did not store a checkpoint in the operator's log.",
  );

/**
 * Signs committed heads. It stores the checkpoints outside first, then in the database.
 * @throws AuditError audit_entry_not_stored; the heads are signed again at the next attempt
 */
export async function signTrees(
  client: Client,
  signer: LogSigner,
  store: CheckpointStore,
  trees: readonly CommittedTree[],
  restores: Restores,
): Promise<void> {
  for (let from = 0; from < trees.length; from += AT_ONCE) {
    const some = trees.slice(from, from + AT_ONCE);
    const notes = await Promise.all(
      some.map(async (tree) => {
        const note = await signTree(signer, tree, restores);
        await store.put(tree.log, note);
        return note;
      }),
    );
    await client.query("begin");
    try {
      const { rows } = await client.query<{ wanted: number; stored: number }>(KEEP, [
        uuidArray(some.map(({ log }) => log)),
        int8Array(some.map(({ size }) => size)),
        notes,
        OPERATOR_LOG,
      ]);
      if (rows[0]?.wanted !== rows[0]?.stored) throw notStored();
      await client.query("commit");
    } catch (error) {
      await client.query("rollback").catch(() => undefined);
      throw error;
    }
  }
}
