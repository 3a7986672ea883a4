import { AuditError } from "../audit-error.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import type { CommittedTree } from "./integrate-batch.ts";

/**
 * Requires that no log was renamed. A head that is signed under another name is no head of the log
 * that auditors know.
 * @param origins the names that the logs had when they were compared with the published checkpoints;
 *   a log that began later is not among them
 * @throws AuditError audit_checkpoint_invalid
 */
export function assertOrigins(
  trees: readonly Pick<CommittedTree, "log" | "origin">[],
  origins: ReadonlyMap<LogId, string>,
): void {
  for (const { log, origin } of trees) {
    const known = origins.get(log);
    if (known !== undefined && known !== origin)
      throw new AuditError(
        "audit_checkpoint_invalid",
        `The log ${known} was renamed to ${origin} in the database.`,
      );
  }
}
