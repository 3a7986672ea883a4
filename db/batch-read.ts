import { AsyncResource } from "node:async_hooks";
import { createBatchLoader } from "./batch-loader.ts";
import type { Client, Pool } from "./pool.ts";
import { inTransaction } from "./transaction.ts";
import type { TenantId } from "../crypto/wire/ids.ts";

type Work = (client: Client) => Promise<unknown>;

const read = createBatchLoader<Work, unknown>({
  answer: (pool, tenant, works) =>
    inTransaction(pool, tenant, async (client) => {
      const answers: unknown[] = [];
      for (const work of works) answers.push(await work(client));
      return answers;
    }),
  weigh: () => 1,
  most: 64,
});

/**
 * Runs `work`, which must only read, in a transaction for one tenant, like `inTransaction`. Reads that are
 * requested at the same time share one transaction. That saves three of four round trips when thousands
 * of devices reconnect. `work` may run more than once, and sees what is committed when it runs.
 */
export const batchRead = <T>(
  pool: Pool,
  tenant: TenantId,
  work: (client: Client) => Promise<T>,
): Promise<T> =>
  // Continues the trace in the caller's context.
  read(pool, tenant, AsyncResource.bind(work)) as Promise<T>;
