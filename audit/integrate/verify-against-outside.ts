import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Client } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import type { CheckpointStore } from "../checkpoints/checkpoint-store.ts";
import type { LogId } from "../logs.ts";
import { nodeChecks } from "../node-checks.ts";
import { tileRows } from "../read/tile-rows.ts";
import { readRestores, type Restores } from "../restore/restores.ts";
import { openCheckpoint, type Checkpoint } from "../verify/checkpoint.ts";
import { LogError } from "../verify/log-error.ts";
import { rangeRoots } from "../verify/log-source.ts";
import { KEY_TYPES, type NoteKey } from "../verify/note.ts";
import type { CommittedTree } from "./integrate-batch.ts";

const LATEST = `
  select origin, coalesce(max(size), 0) as size from audit.logs left join audit.trees on log = id
  where id = $1 group by origin`;

const SIGNED = `
  select id as log, note from audit.logs
  join lateral (
    select note from audit.checkpoints where log = id order by size desc limit 1
  ) as latest on true`;

/**
 * Returns the location of a stored checkpoint, in words. Files outside are named by the id of their
 * log.
 */
export const placeOf = (log: LogId, where: string): string =>
  `A checkpoint of the log ${log} that is kept ${where}`;
export const OUTSIDE = "outside the database";

const RECORDED = "select note from audit.restores";

/** The means to verify the database against checkpoints outside it. */
export interface Outside {
  readonly store: CheckpointStore;
  /** The audit key: Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The people who may approve a restore. Two of them must have approved each declared restore. */
  readonly approvers: readonly NoteKey[];
}

/**
 * Compares the database with every checkpoint kept outside it, and with its own last checkpoints.
 * Each log must be signed by this key and have at least the same entries, without those that a
 * declared restore lost. It fails before anything is signed that would contradict a checkpoint.
 * @returns the declared restores
 * @throws AuditError audit_log_behind, audit_log_inconsistent, audit_checkpoint_invalid
 */
export async function verifyAgainstOutside(
  client: Client,
  { store, publicKey, approvers }: Outside,
): Promise<Restores> {
  const restores = await readRestores(store, publicKey, approvers);
  const check = (log: LogId, note: string, where: string) =>
    assertExtends(client, log, openOurs(note, publicKey, placeOf(log, where)), restores);
  const outside = await store.all();
  for (const { log, note } of outside) await check(log, note, OUTSIDE);
  const checked = new Set(outside.map(({ note }) => note));
  const { rows: inside } = await client.query<{ log: LogId; note: string }>(SIGNED);
  for (const { log, note } of inside)
    if (!checked.has(note)) await check(log, note, "in the database");
  await assertRecorded(client, restores);
  return restores;
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
      `A restore of the log ${missing.origin} is declared, but the database does not record it. Run sealdesk audit restore apply once more: see docs/restore.md.`,
    );
}

/**
 * Recomputes the root of a head that is signed later, because anybody may have changed its row.
 * @throws AuditError audit_log_inconsistent
 */
export async function assertUnsignedHead(
  client: Client,
  { log, origin, size, root }: CommittedTree,
): Promise<void> {
  if (!equalBytes(await rootAt(client, log, size), root))
    throw new AuditError(
      "audit_log_inconsistent",
      `The tiles of ${origin} do not lead to the root of its tree. Its rows were altered.`,
    );
}

/**
 * Reads a stored checkpoint, which the audit key must have signed.
 * @param place where it is stored, for the error
 * @throws AuditError audit_checkpoint_invalid
 */
export function openOurs(
  note: string,
  publicKey: Uint8Array,
  place = "A stored checkpoint",
): Checkpoint {
  const [name = ""] = note.split("\n");
  try {
    return openCheckpoint(nodeChecks, note, { name, type: KEY_TYPES.ed25519, publicKey });
  } catch (cause) {
    throw new AuditError("audit_checkpoint_invalid", `${place} is not signed by the audit key.`, {
      cause,
    });
  }
}

/**
 * Compares a log in the database with a head that this key signed. All entries of the head must be
 * there, without those that a declared restore lost.
 * @throws AuditError audit_log_behind, audit_log_inconsistent, audit_checkpoint_invalid
 */
export const assertExtends = (
  client: Client,
  log: LogId,
  outside: Checkpoint,
  restores: Restores,
): Promise<void> => assertHolds(client, log, restores.survivorOf(outside));

/** Like `assertExtends`, for a head that no restore concerns. */
export async function assertHolds(client: Client, log: LogId, head: Checkpoint): Promise<void> {
  const { origin, size, root } = head;
  const { rows } = await client.query<{ origin: string; size: number }>(LATEST, [log]);
  const [inside] = rows;
  if ((inside?.size ?? 0) < size)
    throw new AuditError(
      "audit_log_behind",
      `The log ${origin} has ${inside?.size ?? 0} entries in the database, but a checkpoint of ${size} was published. If the database was restored from a backup, declare it: see docs/restore.md.`,
    );
  // A log from after the backup. The restore lost all of it, and says so.
  if (inside === undefined || size === 0) return;
  if (inside.origin !== origin)
    throw new AuditError(
      "audit_checkpoint_invalid",
      `The log ${inside.origin} was stored as ${origin}.`,
    );
  if (!equalBytes(await rootAt(client, log, size), root))
    throw new AuditError(
      "audit_log_inconsistent",
      `The log ${origin} does not match the checkpoint of its first ${size} entries.`,
    );
}

/**
 * Returns the root over the first `size` entries of a log, recomputed from its tiles.
 * @throws AuditError audit_log_inconsistent: tiles are missing
 */
export async function rootAt(client: Client, log: LogId, size: number): Promise<Uint8Array> {
  try {
    return await rangeRoots(nodeChecks.sha256, tileRows(client, log), size)(0, size);
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    throw new AuditError("audit_log_inconsistent", "Tiles of a log are missing.", { cause });
  }
}
