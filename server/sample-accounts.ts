import { openDevelopmentTenant, type DevelopmentAccount } from "./development.ts";
import type { Foundation } from "./foundation.ts";

/**
 * Returns the sample accounts of a server in development with the embedded database, otherwise
 * none.
 */
export async function openSampleAccounts({
  config,
  ports: { now, newId },
  storage: { database },
  profiles,
}: Foundation): Promise<readonly DevelopmentAccount[]> {
  if (config.mode !== "development" || config.databaseUrl !== undefined) return [];
  const { pool, ownerUrl } = database;
  return openDevelopmentTenant(config, { pool, ownerUrl, profiles, now, newId });
}
