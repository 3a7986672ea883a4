import { approverName, isSameKey } from "../../audit/verify/approvers.ts";
import type { SignedRestore } from "../../audit/verify/log-restore.ts";
import type { NoteKey } from "../../audit/verify/note.ts";
import { list, message, nested, text, uint } from "../../crypto/wire/protobuf.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import { deviceChecks } from "./checks.ts";

/** The operator declared that the server was restored from a backup, and two people approved it. */
export interface LogRestored {
  /** The time of the backup. What the server got since then, it may have lost. */
  readonly backupOf: number;
  /** When it was declared. Both are milliseconds since the Unix epoch. */
  readonly declaredAtMs: number;
  readonly reason: string;
  /** Who approved it, of the people in `restoreApprovers`: the name and the id of each one's key. */
  readonly approvedBy: readonly string[];
  /** How many entries the key log had when it was published last. */
  readonly publishedSize: number;
  /** From how many entries it continues. If it is the published size, the key log lost nothing. */
  readonly continuesSize: number;
  /**
   * How many entries this device had seen. If it is more than the published size, the people who
   * approved the restore did not know of all that is lost.
   */
  readonly seenSize: number;
}

const name = "client!log-restored";
const restored = message({
  backupOf: [1, uint()],
  declaredAtMs: [2, uint()],
  reason: [3, text(1_024)],
  approvedBy: [4, list(nested(message({ name: [1, text(256)] })), 64)],
  publishedSize: [5, uint()],
  continuesSize: [6, uint()],
  seenSize: [7, uint()],
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

export const restoredEvent = (
  restore: SignedRestore,
  trusted: readonly NoteKey[],
  seenSize: number,
): LogRestored => ({
  backupOf: restore.backupOfMs,
  declaredAtMs: restore.declaredAtMs,
  reason: restore.reason,
  approvedBy: restore.approvedBy
    .filter((key) => trusted.some((each) => isSameKey(each, key)))
    .map((key) => approverName(deviceChecks.sha256, key)),
  publishedSize: restore.published.size,
  continuesSize: restore.continues.size,
  seenSize,
});
