import { fileURLToPath } from "node:url";
import pg from "pg";
import { runner } from "node-pg-migrate";
import { DatabaseError } from "./database-error.ts";

/**
 * Brings the schema up to date and makes the partitions of this month and the next.
 * @param url a login that may create roles and schemas.
 * @returns how many migrations ran. @throws DatabaseError migration_failed
 */
export async function migrate(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url, application_name: "sealdesk-migrate" });
  try {
    await client.connect();
    const done = await runner({
      dbClient: client,
      dir: fileURLToPath(new URL("./migrations", import.meta.url)),
      direction: "up",
      migrationsTable: "migrations",
      migrationsSchema: "sealdesk_migrations",
      createMigrationsSchema: true,
      checkOrder: true,
      singleTransaction: true,
      log: () => undefined,
    });
    await client.query(
      "select sealdesk.ensure_partitions(now()), sealdesk.ensure_partitions(now() + interval '1 month')",
    );
    return done.length;
  } catch (cause) {
    throw new DatabaseError(
      "migration_failed",
      "The database schema could not be brought up to date.",
      {
        cause,
      },
    );
  } finally {
    await client.end();
  }
}
