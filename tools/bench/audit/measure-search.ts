import { KnownHeads } from "../../../audit/read/known-heads.ts";
import type { CheckedLog } from "../../../audit/read/checked-log.ts";
import type { EntryFilter } from "../../../audit/export/entry-filter.ts";
import { findEntries } from "../../../audit/search/find-entries.ts";
import { IndexCheck } from "../../../audit/search/index-check.ts";
import { logOf, type TenantId } from "../../../crypto/wire/ids.ts";
import { createPool, type Client } from "../../../db/pool.ts";
import { inTransaction } from "../../../db/transaction.ts";
import type { Progress } from "../options.ts";
import { round } from "../statistics.ts";

/** The entries that a node reads at once when it checks a log. */
const PAGE = 1_024;

export interface SearchFigures {
  /** The time to find one entry in the middle of the log, to the end of the log. */
  readonly withoutIndexMs: number;
  readonly withIndexMs: number;
  /** The time of the first page of 100 entries, when every entry matches. */
  readonly firstPageMs: number;
  /** CPU time of reading the log and building the index, in microseconds for each entry. */
  readonly buildMicros: number;
  readonly bytesPerEntry: number;
}

/** Measures searches in a log of `entries`, before and after its index is built. */
export async function measureSearch(
  ownerUrl: string,
  { tenant, publicKey, entries }: { tenant: TenantId; publicKey: Uint8Array; entries: number },
  filters: { readonly one: EntryFilter; readonly all: EntryFilter },
  progress: Progress,
): Promise<SearchFigures> {
  const log = logOf(tenant);
  const pool = createPool(ownerUrl, { max: 1 });
  const heads = new KnownHeads(publicKey);
  const opened = <T>(work: (checked: CheckedLog, client: Client) => Promise<T>) =>
    inTransaction(pool, log, async (client) => {
      const checked = await heads.open(client, log);
      if (checked === undefined) throw new Error("the log is not signed");
      return work(checked, client);
    });

  async function search(filter: EntryFilter, most = Number.POSITIVE_INFINITY): Promise<number> {
    const begin = performance.now();
    let found = 0;
    for (let after: number | null = -1; after !== null && found < most;) {
      const from: number = after;
      const page = await opened((checked, client) =>
        findEntries(client, checked, filter, { after: from, limit: 100 }),
      );
      found += page.entries.length;
      ({ after } = page);
    }
    if (found === 0) throw new Error("the search found nothing");
    return round(performance.now() - begin);
  }

  async function build(): Promise<number> {
    const begin = process.cpuUsage();
    const check = new IndexCheck();
    for (let from = 0; from < entries; from += PAGE)
      await opened(async (checked, client) =>
        check.add(client, checked, await checked.entries(from, from + PAGE)),
      );
    const { user, system } = process.cpuUsage(begin);
    return round((user + system) / entries, 1);
  }

  try {
    progress("searching without an index");
    const withoutIndexMs = await search(filters.one);
    progress("building the index");
    const buildMicros = await build();
    const { rows } = await pool.query<{ bytes: number }>(
      `select (pg_total_relation_size('audit.index_postings')
         + pg_total_relation_size('audit.index_segments'))::int8 as bytes`,
    );
    progress("searching with the index");
    return {
      withoutIndexMs,
      withIndexMs: await search(filters.one),
      firstPageMs: await search(filters.all, 1),
      buildMicros,
      bytesPerEntry: round((rows[0]?.bytes ?? 0) / entries),
    };
  } finally {
    await pool.end();
  }
}
