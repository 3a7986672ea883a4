import { equalBytes } from "../../crypto/wire/bytes.ts";
import { AuditError } from "../audit-error.ts";
import { parseCheckpointText, type Checkpoint } from "../verify/checkpoint.ts";
import { LogError } from "../verify/log-error.ts";
import { parseNote } from "../verify/note.ts";

/**
 * Reads a checkpoint that a store keeps, without checking its signatures.
 * @param place where it is kept, for the error
 * @throws AuditError audit_checkpoint_invalid
 */
export function readStored(note: string, place: string): Checkpoint {
  try {
    return parseCheckpointText(parseNote(note).text);
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    throw new AuditError(
      "audit_checkpoint_invalid",
      `What is kept in ${place} is not a checkpoint: it was damaged.`,
      { cause, advice: "Put the file back from another copy." },
    );
  }
}

/** @param where where the checkpoint should be kept, in words */
export const checkpointMissing = ({ origin, size }: Checkpoint, where: string): AuditError =>
  new AuditError(
    "audit_checkpoint_missing",
    `The log ${origin} has a signed head of ${size} entries in the database, and no checkpoint of it is kept in ${where}.`,
  );

/**
 * Requires that a node which stores a head knows of each restore after which a head is stored, and that
 * no two different heads of one size are stored.
 * @throws AuditError audit_log_behind, audit_log_inconsistent
 */
export function assertNoContradiction(head: Checkpoint, stored: Checkpoint): void {
  const [restores, restoresStored] = [head.restores ?? 0, stored.restores ?? 0];
  if (restoresStored > restores)
    throw new AuditError(
      "audit_log_behind",
      `The log ${head.origin} was restored from a backup and continued elsewhere. This database is not the restored one.`,
      { advice: "Stop this node: see docs/restore.md." },
    );
  if (
    restores === restoresStored &&
    head.size === stored.size &&
    !equalBytes(head.root, stored.root)
  )
    throw new AuditError(
      "audit_log_inconsistent",
      `Another head of ${head.size} entries of the log ${head.origin} was published before.`,
    );
}
