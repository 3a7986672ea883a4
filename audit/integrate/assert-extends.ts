import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Client } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import { nodeChecks } from "../node-checks.ts";
import { tileRows } from "../read/tile-rows.ts";
import type { Restores } from "../restore/restores.ts";
import type { Checkpoint } from "../verify/checkpoint.ts";
import { LogError } from "../verify/log-error.ts";
import { rangeRoots } from "../verify/log-source.ts";
import type { CommittedTree } from "./integrate-batch.ts";

const LATEST = `
  select origin, coalesce(max(size), 0) as size from audit.logs left join audit.trees on log = id
  where id = $1 group by origin`;

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
      `The log ${origin} has ${inside?.size ?? 0} entries in the database, but a checkpoint of ${size} was published.`,
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
