import type { EntryFilter } from "../../audit/export/entry-filter.ts";
import { findEntries, type FoundEntry } from "../../audit/search/find-entries.ts";
import { logOf, type TenantId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { LogReading } from "./follow-log.ts";

/** A page of entries, and the index below which the log was pruned when it was read. */
export interface PageOfLog {
  readonly entries: readonly FoundEntry[];
  readonly minimumIndex: number;
}

const PAGE = 500;

/**
 * Returns every entry of the tenant's log that matches `filter`, in log order. Each page is read in a transaction of its own,
 * and verified against the signed head.
 * @throws AuditError audit_log_altered and the refusals of `KnownHeads.open`
 */
export async function findAll(
  { pool, heads }: LogReading,
  tenant: TenantId,
  filter: EntryFilter,
): Promise<readonly PageOfLog[]> {
  const pages: PageOfLog[] = [];
  for (let after: number | null = -1; after !== null;) {
    const from: number = after;
    const page = await inTransaction(pool, tenant, async (client) => {
      const log = await heads.open(client, logOf(tenant));
      if (log === undefined) return undefined;
      const found = await findEntries(client, log, filter, { after: from, limit: PAGE });
      return { ...found, minimumIndex: log.minimumIndex };
    });
    if (page === undefined) return pages;
    pages.push(page);
    ({ after } = page);
  }
  return pages;
}
