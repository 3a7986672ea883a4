import { migrate } from "../../db/migrate.ts";
import type { Settings } from "../settings.ts";
import { withDatabase } from "../with-database.ts";

/**
 * Brings the schema up to date.
 * @returns a sentence for the operator
 */
export async function migrateDatabase(settings: Settings): Promise<string> {
  const count = await withDatabase(settings, ({ ownerUrl }) =>
    migrate(ownerUrl, settings.keystoreUrl),
  );
  return count === 0 ? "The schema is up to date." : `Ran ${count} migrations.`;
}
