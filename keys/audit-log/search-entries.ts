import { matches, parseEntry, type EntryFilter } from "../../audit/export/entry-filter.ts";
import { readEntries } from "../../audit/read/database-log.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideAuditReading } from "../../policies/audit-access.ts";
import { audited, assertAllowed, type UseCase } from "../audited.ts";

/** An entry as it was logged. */
export interface FoundEntry {
  readonly index: number;
  readonly entry: ReturnType<typeof parseEntry>;
}

export interface SearchAnswer {
  readonly entries: readonly FoundEntry[];
  /** Where the search stopped; pass it as `after` for the next page. Null at the end of the log. */
  readonly after: number | null;
}

const PAGE = 1_024;
/**
 * How many entries one page examines, so that a search without results ends as soon as any other.
 */
const MOST_LOOKED_AT = 16 * PAGE;

/**
 * Returns entries of the tenant's log that match `filter`, in log order. The search itself is
 * audited.
 * @param page.after the index after which to begin
 * @throws KeysError forbidden
 */
export function searchEntries(
  deps: UseCase,
  actor: Actor,
  filter: EntryFilter,
  page: { readonly after?: number | undefined; readonly limit: number },
): Promise<SearchAnswer> {
  const { tenant } = actor;
  const decision = decideAuditReading(actor, tenant);
  const act = {
    action: "audit.search",
    class: "R",
    resource: { type: "audit-log", id: tenant },
    decision,
    details: { ...filter, after: page.after },
  } as const;
  return audited(deps, actor, act, async (client, note) => {
    assertAllowed(decision);
    const answer = await search(client, tenant, filter, page);
    note({ details: { ...act.details, found: answer.entries.length } });
    return answer;
  });
}

async function search(
  client: Client,
  tenant: Uuid,
  filter: EntryFilter,
  { after = -1, limit }: { readonly after?: number | undefined; readonly limit: number },
): Promise<SearchAnswer> {
  const found: FoundEntry[] = [];
  const first = await firstAfter(client, tenant, after);
  if (first === undefined) return { entries: found, after: null };
  for (let from = first; from < first + MOST_LOOKED_AT; from += PAGE) {
    const rows = await readEntries(client, tenant, from, from + PAGE);
    for (const { index, entry: bytes } of rows) {
      const entry = parseEntry(bytes);
      if (!matches(entry, filter)) continue;
      found.push({ index, entry });
      if (found.length === limit) return { entries: found, after: index };
    }
    if (rows.length < PAGE) return { entries: found, after: null };
  }
  return { entries: found, after: first + MOST_LOOKED_AT - 1 };
}

/** The first existing entry. Earlier ones may be pruned. */
async function firstAfter(client: Client, tenant: Uuid, after: number) {
  const { rows } = await client.query<{ minimumIndex: number }>(
    `select minimum_index as "minimumIndex" from audit.logs where id = $1`,
    [tenant],
  );
  const [log] = rows;
  return log && Math.max(after + 1, log.minimumIndex);
}
