import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { checkedLog, type IndexedEntry, type SignedHead } from "../read/checked-log.ts";

const PAGE = 1_024;

/**
 * Yields the entries of a log from `from` up to, but not including, `until`, in pages. Pages are
 * keyed by index, which has no gaps. So entries of the same millisecond are neither skipped nor
 * repeated.
 * @throws AuditError audit_log_altered, before any entry of the page with the fault is given out
 */
export async function* readPages(
  pool: Pool,
  signed: SignedHead,
  from: number,
  until: number,
): AsyncGenerator<readonly IndexedEntry[]> {
  for (let start = from; start < until; start += PAGE)
    yield await inTransaction(pool, signed.log, (client) =>
      checkedLog(client, signed).entries(start, Math.min(start + PAGE, until)),
    );
}
