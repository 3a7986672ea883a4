import pg from "pg";
import { runner } from "node-pg-migrate";
import { DatabaseError } from "./database-error.ts";
import { KEYSTORE_MIGRATIONS, MIGRATIONS } from "./schema-version.ts";

// One implicit transaction, run by one node at a time.
const LET_SERVER_SEE_VERSION = `
  select pg_advisory_xact_lock(hashtext('sealdesk.migrate'));
  grant usage on schema sealdesk_migrations to sealdesk_app;
  grant select on sealdesk_migrations.migrations to sealdesk_app`;

const LET_SERVER_SEE_KEYSTORE_VERSION = `
  select pg_advisory_xact_lock(hashtext('sealdesk.migrate'));
  grant usage on schema keystore_migrations to sealdesk_keystore;
  grant select on keystore_migrations.migrations to sealdesk_keystore`;

/** A folder of migrations, and the schema that records which of them ran. */
interface Section {
  readonly dir: string;
  readonly schema: string;
}

/**
 * Brings the schemas of the data and of the keystore up to date, and creates the partitions of this month
 * and the next. The keystore may be in another database.
 * @param url a login that may create roles and schemas; the login of `keystoreUrl` must be one too
 * @returns how many migrations ran
 * @throws DatabaseError migration_failed
 */
export async function migrate(url: string, keystoreUrl: string = url): Promise<number> {
  const keystore = { dir: KEYSTORE_MIGRATIONS, schema: "keystore_migrations" };
  const ofKeystore = await migrateSection(keystoreUrl, keystore, async (client) => {
    await client.query(LET_SERVER_SEE_KEYSTORE_VERSION);
  });
  const data = { dir: MIGRATIONS, schema: "sealdesk_migrations" };
  const ofData = await migrateSection(url, data, async (client) => {
    await client.query(LET_SERVER_SEE_VERSION);
    await client.query(
      "select sealdesk.ensure_partitions(now()), sealdesk.ensure_partitions(now() + interval '1 month')",
    );
  });
  return ofKeystore + ofData;
}

async function migrateSection(
  url: string,
  { dir, schema }: Section,
  finish: (client: pg.Client) => Promise<void>,
): Promise<number> {
  const client = new pg.Client({ connectionString: url, application_name: "sealdesk-migrate" });
  try {
    await client.connect();
    const done = await runner({
      dbClient: client,
      dir,
      direction: "up",
      migrationsTable: "migrations",
      migrationsSchema: schema,
      createMigrationsSchema: true,
      checkOrder: true,
      singleTransaction: true,
      log: () => undefined,
    });
    await finish(client);
    return done.length;
  } catch (cause) {
    throw new DatabaseError(
      "migration_failed",
      "The database schema could not be brought up to date.",
      { cause },
    );
  } finally {
    await client.end();
  }
}
