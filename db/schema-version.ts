import { readdir } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { Pool } from "./pool.ts";

/** The folder of the numbered migrations. */
export const MIGRATIONS = fileURLToPath(new URL("./migrations", import.meta.url));

/** The folder of the keystore's migrations, which may run in another database. */
export const KEYSTORE_MIGRATIONS = fileURLToPath(new URL("./keystore-migrations", import.meta.url));

/**
 * Whether the database has every migration of this version. It may have more, because the newer nodes
 * migrate first while nodes are replaced.
 */
export const isSchemaCurrent = (pool: Pool): Promise<boolean> =>
  hasMigrations(pool, MIGRATIONS, "sealdesk_migrations");

/** Like `isSchemaCurrent`, for the keystore. @param pool sessions of sealdesk_keystore */
export const isKeystoreCurrent = (pool: Pool): Promise<boolean> =>
  hasMigrations(pool, KEYSTORE_MIGRATIONS, "keystore_migrations");

async function hasMigrations(
  pool: Pool,
  dir: string,
  schema: "sealdesk_migrations" | "keystore_migrations",
): Promise<boolean> {
  const files = await readdir(dir);
  const names = files.filter((file) => file.endsWith(".sql")).map((file) => basename(file, ".sql"));
  const { rowCount } = await pool.query(
    `select from ${schema}.migrations where name = any($1::text[])`,
    [names],
  );
  return rowCount === names.length;
}
