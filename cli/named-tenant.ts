import type { Pool } from "../db/pool.ts";
import { findTenant, type Tenant } from "../identity/accounts/tenant.ts";
import { CommandError } from "./settings.ts";

/**
 * Returns the tenant that a command names.
 * @throws CommandError if there is none
 */
export async function namedTenant(pool: Pool, slug: string): Promise<Tenant> {
  const tenant = await findTenant(pool, slug);
  if (tenant === undefined) throw new CommandError(`There is no tenant ${slug}.`);
  return tenant;
}
