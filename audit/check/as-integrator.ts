import type { Client, Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { OPERATOR_LOG } from "../logs.ts";

/** Runs `work` in a transaction of the integrator's role, which sees the structure of all logs. */
export const asIntegrator = <T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> =>
  inTransaction(pool, OPERATOR_LOG, async (client) => {
    await client.query("set local role sealdesk_integrator");
    return work(client);
  });
