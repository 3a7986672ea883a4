import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Client } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import type { CheckpointStore } from "../checkpoints/checkpoint-store.ts";
import type { LogId } from "../logs.ts";
import { nodeChecks } from "../node-checks.ts";
import { tileRows } from "../read/tile-rows.ts";
import { openCheckpoint, type Checkpoint } from "../verify/checkpoint.ts";
import { LogError } from "../verify/log-error.ts";
import { rangeRoots } from "../verify/log-source.ts";
import { KEY_TYPES } from "../verify/note.ts";
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
 * Compares the database with every checkpoint kept outside it, and with its own last checkpoints.
 * Each log must have at least the same entries and be signed by this key. It fails before anything
 * is signed that would contradict a checkpoint.
 * @throws AuditError audit_log_behind, audit_log_inconsistent, audit_checkpoint_invalid
 */
export async function checkOutside(
  client: Client,
  store: CheckpointStore,
  publicKey: Uint8Array,
): Promise<void> {
  const outside = await store.all();
  for (const { log, note } of outside) await checkLog(client, log, openOurs(note, publicKey));
  const checked = new Set(outside.map(({ note }) => note));
  const { rows: inside } = await client.query<{ log: LogId; note: string }>(SIGNED);
  for (const { log, note } of inside)
    if (!checked.has(note)) await checkLog(client, log, openOurs(note, publicKey));
}

/**
 * Recomputes the root of a head that is signed later, because anybody may have changed its row.
 * @throws AuditError audit_log_inconsistent
 */
export async function checkUnsigned(
  client: Client,
  { log, origin, size, root }: CommittedTree,
): Promise<void> {
  if (!equalBytes(await rootAt(client, log, size), root))
    throw new AuditError(
      "audit_log_inconsistent",
      `The tiles of ${origin} do not lead to the root of its tree. Its rows were altered.`,
    );
}

function openOurs(note: string, publicKey: Uint8Array): Checkpoint {
  const [name = ""] = note.split("\n");
  try {
    return openCheckpoint(nodeChecks, note, { name, type: KEY_TYPES.ed25519, publicKey });
  } catch (cause) {
    throw new AuditError(
      "audit_checkpoint_invalid",
      "A stored checkpoint is not signed by the audit key.",
      { cause },
    );
  }
}

/**
 * Compares a log in the database with a head that this key signed. All entries of the head must be
 * there.
 * @throws AuditError audit_log_behind, audit_log_inconsistent, audit_checkpoint_invalid
 */
export async function checkLog(client: Client, log: LogId, outside: Checkpoint): Promise<void> {
  const { origin, size, root } = outside;
  const { rows } = await client.query<{ origin: string; size: number }>(LATEST, [log]);
  const [inside] = rows;
  if (inside === undefined || inside.size < size)
    throw new AuditError(
      "audit_log_behind",
      `The log ${origin} has ${inside?.size ?? 0} entries in the database, but a checkpoint of ${size} was published.`,
    );
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

async function rootAt(client: Client, log: LogId, size: number): Promise<Uint8Array> {
  try {
    return await rangeRoots(nodeChecks.sha256, tileRows(client, log), size)(0, size);
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    throw new AuditError("audit_log_inconsistent", "Tiles of a log are missing.", { cause });
  }
}
