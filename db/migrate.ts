import pg from "pg";
import { runner } from "node-pg-migrate";
import { DatabaseError } from "./database-error.ts";
import { MIGRATIONS } from "./schema-version.ts";

// One implicit transaction, and one node at a time.
const LET_SERVER_SEE_VERSION = `
  select pg_advisory_xact_lock(hashtext('sealdesk.migrate'));
  grant usage on schema sealdesk_migrations to sealdesk_app;
  grant select on sealdesk_migrations.migrations to sealdesk_app`;

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
      dir: MIGRATIONS,
      direction: "up",
      migrationsTable: "migrations",
      migrationsSchema: "sealdesk_migrations",
      createMigrationsSchema: true,
      checkOrder: true,
      singleTransaction: true,
      log: () => undefined,
    });
    await client.query(LET_SERVER_SEE_VERSION);
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
