import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { LogId } from "../logs.ts";
import { readEntries } from "../read/database-log.ts";

export interface IndexedEntry {
  readonly index: number;
  readonly entry: Uint8Array;
}

const PAGE = 1_024;

/**
 * The entries of a log from `from` up to, but not including, `until`, in pages. Pages are keyed by
 * index, which has no gaps. So entries of the same millisecond are neither skipped nor repeated.
 */
export async function* readPages(
  pool: Pool,
  log: LogId,
  from: number,
  until: number,
): AsyncGenerator<readonly IndexedEntry[]> {
  for (let start = from; start < until; start += PAGE)
    yield await inTransaction(pool, log, (client) =>
      readEntries(client, log, start, Math.min(start + PAGE, until)),
    );
}
