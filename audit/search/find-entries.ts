import type { Client } from "../../db/pool.ts";
import { matches, type EntryFilter } from "../export/entry-filter.ts";
import { readEntry, type EntryText } from "../export/entry-text.ts";
import type { CheckedLog } from "../read/checked-log.ts";
import { candidates } from "./candidates.ts";

/** An entry as it was logged, with its place in the log. */
export type FoundEntry = EntryText & { readonly index: number };

export interface FoundPage {
  readonly entries: readonly FoundEntry[];
  /**
   * The position where the search stopped; pass it as `after` for the next page. Null at the end of
   * the log.
   */
  readonly after: number | null;
}

/** Entries that are read at once. */
const MOST_AT_ONCE = 1_024;
const LEAST_AT_ONCE = 64;
/**
 * The number of entries that one page examines, so that a search in a log without an index ends as
 * soon as any other.
 */
const MOST_EXAMINED = 16_384;

/**
 * Returns entries of a log that match `filter`, in log order. The index says which entries to read.
 * What the index does not cover is read entry by entry. Each entry that is read is checked.
 * @param client must be in a transaction that is fenced to the log
 * @param page.after the index after which to begin
 * @throws AuditError audit_log_altered
 */
export async function findEntries(
  client: Client,
  log: CheckedLog,
  filter: EntryFilter,
  { after = -1, limit }: { readonly after?: number | undefined; readonly limit: number },
): Promise<FoundPage> {
  const found: FoundEntry[] = [];
  let examined = 0;
  // Earlier entries may be pruned.
  const first = Math.max(after + 1, log.minimumIndex);
  for await (const { indexes, isIndexed } of candidates(client, log, filter, first))
    for (let at = 0; at < indexes.length;) {
      // Most candidates that the index names match.
      const wanted = isIndexed ? Math.max(limit - found.length, LEAST_AT_ONCE) : MOST_AT_ONCE;
      const chunk = indexes.slice(at, at + Math.min(wanted, MOST_AT_ONCE));
      for (const { index, entry: bytes } of await log.entriesAt(chunk)) {
        const read = readEntry(bytes);
        if (!matches("entry" in read ? read.entry : undefined, filter)) continue;
        found.push({ index, ...read });
        if (found.length === limit) return { entries: found, after: index };
      }
      at += chunk.length;
      examined += chunk.length;
      const last = chunk.at(-1);
      if (examined >= MOST_EXAMINED && last !== undefined && last + 1 < log.checkpoint.size)
        return { entries: found, after: last };
    }
  return { entries: found, after: null };
}
