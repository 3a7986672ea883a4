import { readDatabaseClock } from "../../db/database-clock.ts";
import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { AuditError } from "../audit-error.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import { OPERATOR_LOG } from "../logs.ts";
import { nodeChecks } from "../node-checks.ts";
import { cosignedAt } from "../verify/cosignature.ts";
import { parseNote, type NoteKey } from "../verify/note.ts";
import { readCheckpoint } from "../read/log-info.ts";

/** Readings of the time, in milliseconds since the Unix epoch. */
export interface Clocks {
  /** The earliest of the readings. Retention counts until then. */
  readonly nowMs: number;
  readonly databaseMs: number;
  /** When a witness last cosigned a head of this or of the operator's log, by the witness's clock. */
  readonly witnessedMs: number | undefined;
}

/**
 * Reads the clocks that say how old entries are. The command has compared the first two when it began.
 * @param processMs the clock of this process
 * @param witnesses the keys of the configured witnesses. If there are any, the time that counts is
 *   the last one that a witness vouched for
 * @throws AuditError not_prunable
 */
export async function readClocks(
  pool: Pool,
  log: LogId,
  processMs: number,
  witnesses: readonly NoteKey[],
): Promise<Clocks> {
  const databaseMs = await readDatabaseClock(pool);
  const earliestMs = Math.min(processMs, databaseMs);
  if (witnesses.length === 0) return { nowMs: earliestMs, databaseMs, witnessedMs: undefined };
  const times = await Promise.all(
    [log, OPERATOR_LOG].map((each) => lastCosigned(pool, each, witnesses)),
  );
  const witnessedMs = Math.max(...times.flat());
  if (witnessedMs === Number.NEGATIVE_INFINITY)
    throw new AuditError(
      "not_prunable",
      "No configured witness has cosigned a head of the log or of the operator's log yet, so nobody outside vouches for the time.",
      { advice: "Run the command again when a witness has cosigned." },
    );
  return { nowMs: Math.min(earliestMs, witnessedMs), databaseMs, witnessedMs };
}

async function lastCosigned(
  pool: Pool,
  log: LogId,
  witnesses: readonly NoteKey[],
): Promise<readonly number[]> {
  const note = await inTransaction(pool, log, (client) => readCheckpoint(client, log, 1));
  if (note === undefined) return [];
  const parsed = parseNote(note);
  return witnesses.flatMap((key) => {
    const seconds = cosignedAt(nodeChecks, parsed, key);
    return seconds === undefined ? [] : [seconds * 1_000];
  });
}
