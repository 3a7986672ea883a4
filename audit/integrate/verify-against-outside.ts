import type { Client } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import { readSignedHeads, unkeptHeads, type SignedNote } from "../checkpoints/unkept-heads.ts";
import type { CheckpointStore } from "../checkpoints/checkpoint-store.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import { checkpointMissing } from "../checkpoints/head-order.ts";
import { readRestores, type Restores } from "../restore/restores.ts";
import type { NoteKey } from "../verify/note.ts";
import { assertExtends } from "./assert-extends.ts";
import { openOurs, OUTSIDE, placeOf } from "./open-ours.ts";

const RECORDED = "select note from audit.restores";

/** The means to verify the database against checkpoints outside it. */
export interface Outside {
  readonly store: CheckpointStore;
  /** The audit key: Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The people who may approve a restore. Two of them must have approved each declared restore. */
  readonly approvers: readonly NoteKey[];
}

export interface Verified {
  /** The declared restores. */
  readonly restores: Restores;
  /** The newest signed head of each log in the database, as it was checked. */
  readonly heads: readonly SignedNote[];
}

/**
 * Compares the database with every checkpoint kept outside it, and with its own last checkpoints.
 * Each log must be signed by this key and have at least the same entries, without those that a
 * declared restore lost. Each signed log must have a checkpoint outside, because whoever rewinds a log
 * removes it first. It fails before anything is signed that would contradict a checkpoint.
 * @throws AuditError audit_log_behind, audit_log_inconsistent, audit_checkpoint_invalid,
 *   audit_checkpoint_missing
 */
export async function verifyAgainstOutside(
  client: Client,
  { store, publicKey, approvers }: Outside,
): Promise<Verified> {
  const restores = await readRestores(store, publicKey, approvers);
  const check = (log: LogId, note: string, where: string) =>
    assertExtends(client, log, openOurs(note, publicKey, placeOf(log, where)), restores);
  // The database is read first. A head is kept outside before it is stored in the database.
  const inside = await readSignedHeads(client);
  const outside = await store.all();
  for (const { log, note } of outside) await check(log, note, OUTSIDE);
  const checked = new Set(outside.map(({ note }) => note));
  for (const { log, note } of inside)
    if (!checked.has(note)) await check(log, note, "in the database");
  const [missing] = unkeptHeads(inside, outside);
  if (missing !== undefined)
    throw checkpointMissing(
      openOurs(missing.note, publicKey),
      "the folder or bucket of AUDIT_CHECKPOINTS",
    );
  await assertRecorded(client, restores);
  return { restores, heads: inside };
}

/**
 * Requires that the database records every declared restore. Otherwise readers of the logs would
 * not see the statements.
 */
async function assertRecorded(client: Client, { all }: Restores): Promise<void> {
  if (all.length === 0) return;
  const { rows } = await client.query<{ note: string }>(RECORDED);
  const recorded = new Set(rows.map(({ note }) => note));
  const missing = all.find(({ note }) => !recorded.has(note));
  if (missing !== undefined)
    throw new AuditError(
      "audit_log_behind",
      `A restore of the log ${missing.origin} is declared, but the database does not record it.`,
      { advice: "Run sealdesk audit restore apply once more: see docs/restore.md." },
    );
}
