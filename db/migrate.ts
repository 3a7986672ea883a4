import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import { runner } from "node-pg-migrate";
import type { Queryable } from "./client.ts";
import { CONNECT_MS } from "./connection-options.ts";
import { DatabaseError, sqlState } from "./database-error.ts";
import { assertVersion } from "./postgres-version.ts";
import { DATA, KEYSTORE, schemaState, type Section } from "./schema-version.ts";

/** Options of the migrations. */
export interface MigrateOptions {
  /** Called once when another process migrates the database and this one waits for it. */
  readonly onWait?: () => void;
  /** The time to wait for the other process, in milliseconds. */
  readonly waitMs?: number;
}

const WAIT_MS = 600_000;
const LOOK_EVERY_MS = 250;
/** Number of attempts when migrations collide with those of another database of the cluster. */
const ATTEMPTS = 5;

/**
 * Brings the schema up to date, and creates the partitions of this month and the next. Does the
 * same for the keystore's schema, which may be in another database. All missing migrations of a
 * schema run in one transaction. One process at a time migrates. A database that is up to date is
 * not locked.
 * @param url a login that may create roles and schemas; the login of `keystoreUrl` must be able to
 *   as well
 * @returns the number of migrations that ran
 * @throws DatabaseError migration_failed, migration_busy, postgres_too_old, schema_ahead
 */
export async function migrate(
  url: string,
  keystoreUrl: string = url,
  { onWait, waitMs = WAIT_MS }: MigrateOptions = {},
): Promise<number> {
  let waits = false;
  const options = {
    waitMs,
    onWait() {
      if (!waits) onWait?.();
      waits = true;
    },
  };
  const ofKeystore = await migrateSection(keystoreUrl, KEYSTORE, options);
  return ofKeystore + (await migrateSection(url, DATA, options));
}

async function migrateSection(
  url: string,
  section: Section,
  options: Required<MigrateOptions>,
): Promise<number> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "sealdesk-migrate",
    connectionTimeoutMillis: CONNECT_MS,
  });
  // An idle connection may be cut too. The next query then fails.
  client.on("error", () => undefined);
  try {
    await client.connect();
    await assertVersion(client);
    if (!(await takeTurn(client, section, options))) return 0;
    const ran = await runMigrations(client, section);
    if (section === DATA) await client.query(ENSURE_PARTITIONS);
    return ran;
  } catch (error) {
    throw error instanceof DatabaseError ? error : migrationFailed(error);
  } finally {
    await client.end();
  }
}

const ENSURE_PARTITIONS =
  "select sealdesk.ensure_partitions(now()), sealdesk.ensure_partitions(now() + interval '1 month')";

/**
 * Takes the lock that only one migrating process can hold. It ends with the session.
 * @returns false if there is nothing to migrate, for example because another process has just done
 *   it
 */
async function takeTurn(
  client: Queryable,
  section: Section,
  { onWait, waitMs }: Required<MigrateOptions>,
): Promise<boolean> {
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    if ((await schemaState(client, section)) === "current") return false;
    const { rows } = await client.query<{ taken: boolean }>(
      "select pg_try_advisory_lock(hashtext('sealdesk.migrate')) as taken",
    );
    if (rows[0]?.taken === true) return true;
    if (performance.now() >= deadlineMs)
      throw new DatabaseError(
        "migration_busy",
        `Another process has been migrating the database for ${Math.round(waitMs / 1000)} s. Look at the session named sealdesk-migrate in pg_stat_activity.`,
      );
    onWait();
    await wait(LOOK_EVERY_MS);
  }
}

async function runMigrations(client: pg.Client, { dir, schema }: Section): Promise<number> {
  for (let attempt = 1; ; attempt++)
    try {
      const done = await runner({
        dbClient: client,
        dir,
        direction: "up",
        migrationsTable: "migrations",
        migrationsSchema: schema,
        createMigrationsSchema: true,
        checkOrder: true,
        singleTransaction: true,
        noLock: true,
        log: () => undefined,
      });
      return done.length;
    } catch (error) {
      if (attempt === ATTEMPTS || !isCollision(error)) throw error;
      await wait(LOOK_EVERY_MS * Math.random());
    }
}

/**
 * Roles belong to the whole cluster. So migrations of two databases may create one at the same
 * time.
 */
const COLLISIONS = [
  "23505", // unique_violation, of a system catalogue
  "42710", // duplicate_object
  "40P01", // deadlock_detected
  "XX000", // "tuple concurrently updated"
];

const isCollision = (error: unknown): boolean => COLLISIONS.includes(sqlState(error) ?? "");

function migrationFailed(cause: unknown): DatabaseError {
  const hint =
    sqlState(cause) === "42501"
      ? " The login of DATABASE_OWNER_URL may not do what migrations need; docs/operations.md says what that is."
      : "";
  const message = `The database schema could not be brought up to date.${hint}`;
  return new DatabaseError("migration_failed", message, { cause });
}
