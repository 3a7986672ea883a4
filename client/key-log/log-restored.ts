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
  readonly backupOfMs: number;
  /** The time when it was declared. Both times are in milliseconds since the Unix epoch. */
  readonly declaredAtMs: number;
  readonly reason: string;
  /** The approvers in `restoreApprovers` who approved it: the name and the id of each one's key. */
  readonly approvedBy: readonly string[];
  /** The number of entries that the key log had when it was published last. */
  readonly publishedSize: number;
  /**
   * The number of entries from which it continues. If it is the published size, the key log lost
   * nothing.
   */
  readonly continuesSize: number;
  /**
   * The number of entries that this device had seen. If it is larger than the published size, the
   * approvers did not know of every lost entry.
   */
  readonly seenSize: number;
}

const name = "client!log-restored";
const restored = message({
  backupOfMs: [1, uint()],
  declaredAtMs: [2, uint()],
  reason: [3, text(1_024)],
  approvedBy: [4, list(nested(message({ name: [1, text(256)] })), 64)],
  publishedSize: [5, uint()],
  continuesSize: [6, uint()],
  seenSize: [7, uint()],
});
/** The restores that the application was not told of yet. */
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
  backupOfMs: restore.backupOfMs,
  declaredAtMs: restore.declaredAtMs,
  reason: restore.reason,
  approvedBy: restore.approvedBy
    .filter((key) => trusted.some((each) => isSameKey(each, key)))
    .map((key) => approverName(deviceChecks.sha256, key)),
  publishedSize: restore.published.size,
  continuesSize: restore.continues.size,
  seenSize,
});
