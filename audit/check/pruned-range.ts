import type { AuditAction } from "../actions.ts";
import { altered } from "../audit-error.ts";
import { parseEntry } from "../export/entry-filter.ts";

/** The action of the entry that declares a pruning before anything is removed. */
const PRUNE_ACTION: AuditAction = "audit.prune";

/** Which entries a log says were pruned. */
export class PrunedRange {
  #below = 0;

  /** Takes each entry of a log that is still there. */
  add(bytes: Uint8Array): void {
    // Parsing every entry would cost more than hashing it.
    if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(PRUNE_ACTION)) return;
    const entry = parseEntry(bytes);
    const below = entry?.action === PRUNE_ACTION && entry.details?.["minimumIndex"];
    if (typeof below === "number") this.#below = Math.max(this.#below, below);
  }

  /**
   * Requires that the log declares the entries that are missing at its beginning.
   * @throws AuditError audit_log_altered
   */
  assertDeclared(log: { readonly origin: string; readonly minimumIndex: number }): void {
    if (log.minimumIndex > this.#below)
      throw altered(
        log.origin,
        `Entries below ${log.minimumIndex} are gone, and no entry declares that they were pruned.`,
      );
  }
}
