import { createBatchLoader } from "../db/batch-loader.ts";
import type { Pool } from "../db/pool.ts";
import { inTransaction } from "../db/transaction.ts";
import { appendRepeatable } from "./append-repeatable.ts";
import type { AuditAction } from "./actions.ts";
import { classified, type AuditEntry, type EntryRecord } from "./append-entry.ts";

// Refusals that come at the same time share a transaction. So a flood of them, which waits for the
// row of its own count, does not use up the connections.
const appendTogether = createBatchLoader<Omit<EntryRecord, "tenant">, undefined>({
  answer: (pool, tenant, entries) =>
    inTransaction(pool, tenant, async (client) => {
      await appendRepeatable(client, tenant, entries);
      return entries.map(() => undefined);
    }),
  weigh: () => 1,
  most: 256,
});

/**
 * Records a refusal in a transaction of its own, because the act's was rolled back. After the first
 * ones of its kind by the account in an hour, a refusal is only counted: see `appendRepeatable`.
 */
export const appendRefusal = <A extends AuditAction>(
  pool: Pool,
  { tenant, ...entry }: AuditEntry<A>,
): Promise<undefined> => appendTogether(pool, tenant, classified(entry));
