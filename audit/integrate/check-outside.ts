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

const LATEST = `
  select origin, coalesce(max(size), 0) as size from audit.logs left join audit.trees on log = id
  where id = $1 group by origin`;

/**
 * Compares the database with every checkpoint kept outside it: each log must have at least its
 * entries, and the same ones. Says so before anything is signed that would contradict it.
 * @throws AuditError log_behind, log_inconsistent, invalid_checkpoint
 */
export async function checkOutside(
  client: Client,
  store: CheckpointStore,
  publicKey: Uint8Array,
): Promise<void> {
  for (const { log, note } of await store.all())
    await checkLog(client, log, openOurs(note, publicKey));
}

function openOurs(note: string, publicKey: Uint8Array): Checkpoint {
  const [name = ""] = note.split("\n");
  try {
    return openCheckpoint(nodeChecks, note, { name, type: KEY_TYPES.ed25519, publicKey });
  } catch (cause) {
    throw new AuditError(
      "invalid_checkpoint",
      "A checkpoint kept outside the database is not signed by the audit key.",
      { cause },
    );
  }
}

async function checkLog(client: Client, log: LogId, outside: Checkpoint): Promise<void> {
  const { origin, size, root } = outside;
  const { rows } = await client.query<{ origin: string; size: number }>(LATEST, [log]);
  const [inside] = rows;
  if (inside === undefined || inside.size < size)
    throw new AuditError(
      "log_behind",
      `The log ${origin} has ${inside?.size ?? 0} entries in the database; a checkpoint of ${size} was given out.`,
    );
  if (inside.origin !== origin)
    throw new AuditError("invalid_checkpoint", `The log ${inside.origin} was kept as ${origin}.`);
  if (!equalBytes(await rootAt(client, log, size), root))
    throw new AuditError(
      "log_inconsistent",
      `The log ${origin} is not what the checkpoint of its first ${size} entries says.`,
    );
}

async function rootAt(client: Client, log: LogId, size: number): Promise<Uint8Array> {
  try {
    return await rangeRoots(nodeChecks.sha256, tileRows(client, log), size)(0, size);
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    throw new AuditError("log_inconsistent", "Tiles of a log are missing.", { cause });
  }
}
