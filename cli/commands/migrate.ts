import type { Command } from "commander";
import { recordMigrations } from "../../audit/deployment/record-migrations.ts";
import { OPERATOR_LOG } from "../../audit/logs.ts";
import { assertReachable } from "../../db/assert-reachable.ts";
import { migrate } from "../../db/migrate.ts";
import { createKeystorePool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Print } from "../output.ts";
import type { Settings } from "../settings.ts";
import { withDatabase } from "../with-database.ts";

/** `sealdesk migrate`. */
export function registerMigrate(program: Command, print: Print, settings: () => Settings): void {
  program
    .command("migrate")
    .description("Update the database schema")
    .action(async () => print(await migrateDatabase(settings())));
}

/**
 * Brings the schema up to date. If this is killed before the entry is written, the next node that starts
 * writes it.
 * @returns a sentence for the operator
 */
export async function migrateDatabase(settings: Settings): Promise<string> {
  const { keystore, operator } = settings;
  const count = await withDatabase(settings, async ({ ownerUrl, pool }) => {
    if (keystore !== undefined) await assertReachable(keystore);
    const ran = await migrate(ownerUrl, keystore?.url);
    const keystorePool = createKeystorePool(keystore?.url ?? ownerUrl, { max: 1 });
    try {
      await inTransaction(pool, OPERATOR_LOG, (client) =>
        recordMigrations(client, keystorePool, operator, Date.now()),
      );
    } finally {
      await keystorePool.end();
    }
    return ran;
  });
  return count === 0 ? "The schema is up to date." : `Ran ${count} migrations.`;
}
