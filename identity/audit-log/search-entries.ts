import { logOf } from "../../crypto/wire/ids.ts";
import { matches, type EntryFilter } from "../../audit/export/entry-filter.ts";
import { readEntry, type EntryText } from "../../audit/export/entry-text.ts";
import type { CheckedLog } from "../../audit/read/checked-log.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideAuditReading } from "../../policies/audit-access.ts";
import { audited, assertAllowed } from "../audited.ts";
import type { LogReading } from "./follow-log.ts";

/** An entry as it was logged, with its place in the log. */
export type FoundEntry = EntryText & { readonly index: number };

export interface SearchAnswer {
  readonly entries: readonly FoundEntry[];
  /**
   * The position where the search stopped; pass it as `after` for the next page. Null at the end of
   * the log.
   */
  readonly after: number | null;
}

const PAGE = 1_024;
/**
 * The number of entries that one page examines, so that a search without results ends as soon as
 * any other.
 */
const MOST_LOOKED_AT = 16 * PAGE;

/**
 * Returns entries of the tenant's log that match `filter`, in log order. The search itself is
 * audited.
 * @param page.after the index after which to begin
 * @throws IdentityError forbidden; AuditError audit_log_altered and the refusals of `KnownHeads.open`
 */
export function searchEntries(
  deps: LogReading,
  actor: Actor,
  filter: EntryFilter,
  page: { readonly after?: number | undefined; readonly limit: number },
): Promise<SearchAnswer> {
  const { tenant } = actor;
  const decision = decideAuditReading(actor, tenant);
  const act = {
    action: "audit.search",
    resource: { type: "audit-log", id: tenant },
    decision,
    details: { ...filter, after: page.after },
  } as const;
  return audited(deps, actor, act, async (client, note) => {
    assertAllowed(decision);
    const log = await deps.heads.open(client, logOf(tenant));
    const answer = log === undefined ? NOTHING : await search(log, filter, page);
    note({ details: { ...act.details, found: answer.entries.length } });
    return answer;
  });
}

const NOTHING: SearchAnswer = { entries: [], after: null };

async function search(
  log: CheckedLog,
  filter: EntryFilter,
  { after = -1, limit }: { readonly after?: number | undefined; readonly limit: number },
): Promise<SearchAnswer> {
  const found: FoundEntry[] = [];
  // Earlier entries may be pruned.
  const first = Math.max(after + 1, log.minimumIndex);
  const { size } = log.checkpoint;
  for (let from = first; from < first + MOST_LOOKED_AT; from += PAGE) {
    for (const { index, entry: bytes } of await log.entries(from, from + PAGE)) {
      const read = readEntry(bytes);
      if (!matches("entry" in read ? read.entry : undefined, filter)) continue;
      found.push({ index, ...read });
      if (found.length === limit) return { entries: found, after: index };
    }
    if (from + PAGE >= size) return { entries: found, after: null };
  }
  return { entries: found, after: first + MOST_LOOKED_AT - 1 };
}
