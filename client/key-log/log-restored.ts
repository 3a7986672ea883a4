import type { LogRestore } from "../../audit/verify/log-restore.ts";
import { list, message, nested, text, uint } from "../../crypto/wire/protobuf.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";

/** The operator declared that the server was restored from a backup, and two people approved it. */
export interface LogRestored {
  /** The time of the backup. What the server got since then, it may have lost. */
  readonly backupOf: number;
  /** When it was declared. Both are milliseconds since the Unix epoch. */
  readonly declaredAt: number;
  readonly reason: string;
  /** Who approved it: the name and the id of each person's key. */
  readonly approvedBy: readonly string[];
}

const name = "client!log-restored";
const restored = message({
  backupOf: [1, uint()],
  declaredAt: [2, uint()],
  reason: [3, text(1_024)],
  approvedBy: [4, list(nested(message({ name: [1, text(256)] })), 64)],
});
/** Those that the application was not told of yet. */
const untold = message({ restores: [1, list(nested(restored), 1_000)] });

export async function loadUntold(transaction: ReadTransaction): Promise<readonly LogRestored[]> {
  const record = await transaction.get(name);
  if (record === undefined) return [];
  return decodeRecord(untold, record).restores.map(({ approvedBy, ...rest }) => ({
    ...rest,
    approvedBy: approvedBy.map((each) => each.name),
  }));
}

export function saveUntold(transaction: StoreTransaction, events: readonly LogRestored[]): void {
  const restores = events.map(({ approvedBy, ...rest }) => ({
    ...rest,
    approvedBy: approvedBy.map((each) => ({ name: each })),
  }));
  transaction.put(name, encodeRecord(untold, { restores }));
}

export const restoredEvent = (restore: LogRestore): LogRestored => ({
  backupOf: restore.backupOfMs,
  declaredAt: restore.declaredAtMs,
  reason: restore.reason,
  approvedBy: restore.approvedBy,
});
