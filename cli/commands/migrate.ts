import { assertReachable } from "../../db/assert-reachable.ts";
import { migrate } from "../../db/migrate.ts";
import type { Settings } from "../settings.ts";
import { withDatabase } from "../with-database.ts";

/**
 * Brings the schema up to date.
 * @returns a sentence for the operator
 */
export async function migrateDatabase(settings: Settings): Promise<string> {
  const { keystore } = settings;
  const count = await withDatabase(settings, async ({ ownerUrl }) => {
    if (keystore !== undefined) await assertReachable(keystore);
    return migrate(ownerUrl, keystore?.url);
  });
  return count === 0 ? "The schema is up to date." : `Ran ${count} migrations.`;
}
