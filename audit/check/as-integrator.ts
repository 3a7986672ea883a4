import type { Client, Pool } from "../../db/pool.ts";
import { OPERATOR_LOG } from "../logs.ts";
import { inCheck } from "./in-check.ts";

/** Runs `work` in a transaction of the integrator's role, which sees the structure of all logs. */
export const asIntegrator = <T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> =>
  inCheck(pool, OPERATOR_LOG, async (client) => {
    await client.query("set local role sealdesk_integrator");
    return work(client);
  });
