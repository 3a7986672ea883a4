import type { AuditAction } from "../actions.ts";
import { altered } from "../audit-error.ts";
import { parseEntry, type LoggedEntry } from "../export/entry-filter.ts";
import type { LogInfo } from "../read/log-info.ts";

/** The action of the entry that declares a pruning before anything is removed. */
const PRUNE_ACTION: AuditAction = "audit.prune";

/** What the entries of a log say was pruned. */
export class PrunedRange {
  #below = 0;
  #removals = 0;

  /** Takes each entry of a log that is still there. */
  add(bytes: Uint8Array): void {
    // Parsing every entry would cost more than hashing it.
    if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(PRUNE_ACTION)) return;
    const entry = parseEntry(bytes);
    if (entry?.action !== PRUNE_ACTION) return;
    this.#below = Math.max(this.#below, numberIn(entry, "minimumIndex"));
    this.#removals = Math.max(this.#removals, numberIn(entry, "removals"));
  }

  /**
   * Requires that the log declares the entries that are missing at its beginning, and how many entries prunes set out
   * to remove: `ChangedRows` permits as many.
   * @throws AuditError audit_log_altered
   */
  assertDeclared({ origin, minimumIndex, removals }: LogInfo): void {
    if (minimumIndex > this.#below)
      throw altered(
        origin,
        `Entries below ${minimumIndex} are gone, and no entry declares that they were pruned.`,
      );
    if (removals > this.#removals)
      throw altered(
        origin,
        `The row of the log in audit.logs permits to remove ${removals} entries, but its entries declare ${this.#removals}.`,
      );
  }
}

function numberIn({ details }: LoggedEntry, name: string): number {
  const value = details?.[name];
  return typeof value === "number" ? value : 0;
}
