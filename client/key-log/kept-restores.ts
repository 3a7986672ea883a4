import { parseLogRestore } from "../../audit/verify/log-restore.ts";
import { parseNote } from "../../audit/verify/note.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { message, text, uint } from "../../crypto/wire/protobuf.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import { deviceChecks } from "./checks.ts";
import { LONGEST_NOTE } from "./kept-head.ts";

const prefix = "key-log-restore!";
/** The largest number of restores that are kept. Further ones are reported but not kept. */
const maxKept = 1_000;
const record = message({
  atMs: [1, uint()],
  kept: [2, text(LONGEST_NOTE)],
  statement: [3, text(32_768)],
});

/**
 * A declared restore that this device accepted. The notes prove which entries were removed, and by
 * whom.
 */
export interface KeyLogRestore {
  /** The time when this device accepted it, in milliseconds since the Unix epoch. */
  readonly atMs: number;
  /** The signed head that this device had until then. */
  readonly kept: string;
  /** The statement, which the log's key and the approvers signed (docs/restore.md). */
  readonly statement: string;
}

/** The number of the restore, and the times between which the server may have lost data. */
export interface RestorePeriod {
  /** 1 for the first restore of the log, 2 for the second. */
  readonly number: number;
  /** The time of the backup. Both times are milliseconds since the Unix epoch. */
  readonly backupOfMs: number;
  readonly declaredAtMs: number;
}

/** @throws LogError malformed */
export function periodOf(statement: string): RestorePeriod {
  const { text: signed } = parseNote(statement);
  const { restores, backupOfMs, declaredAtMs } = parseLogRestore(deviceChecks.sha256, signed);
  return { number: restores, backupOfMs, declaredAtMs };
}

/** @returns all of them, the earliest first */
export async function loadKeptRestores(
  transaction: Pick<ReadTransaction, "list">,
): Promise<readonly KeyLogRestore[]> {
  const entries = await transaction.list(prefix);
  return entries.map(([, value]) => decodeRecord(record, value));
}

/** Stores it permanently. */
export async function keepRestore(
  transaction: StoreTransaction,
  restore: KeyLogRestore,
): Promise<void> {
  const { length } = await loadKeptRestores(transaction);
  if (length < maxKept)
    transaction.put(prefix + String(length).padStart(4, "0"), encodeRecord(record, restore));
}
