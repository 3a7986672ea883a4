import type { TenantId } from "../crypto/wire/ids.ts";
import type { Pool } from "./pool.ts";
import { throwAll } from "./throw-all.ts";

/**
 * Does the same work for every tenant, one after the other. A tenant whose work fails does not stop
 * the others. The failures are thrown at the end.
 * @param work returns how much it did, for example how many rows it deleted
 * @returns the sum of what `work` returned
 */
export async function forEachTenant(
  pool: Pool,
  work: (tenant: TenantId) => Promise<number>,
): Promise<number> {
  const { rows } = await pool.query<{ id: TenantId }>("select id from tenants");
  const failures: unknown[] = [];
  let sum = 0;
  for (const { id } of rows)
    try {
      sum += await work(id);
    } catch (error) {
      failures.push(error);
    }
  throwAll(failures, "The work failed for some tenants.");
  return sum;
}
