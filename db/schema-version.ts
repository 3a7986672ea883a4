import { readdir } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { Pool } from "./pool.ts";

/** Where the numbered migrations stand. */
export const MIGRATIONS = fileURLToPath(new URL("./migrations", import.meta.url));

/** Where the keystore's stand, which may be run in another database. */
export const KEYSTORE_MIGRATIONS = fileURLToPath(new URL("./keystore-migrations", import.meta.url));

/**
 * Whether the database has every migration that this version brings. It may have more: while nodes
 * are being replaced, the newer ones migrate first.
 */
export async function isSchemaCurrent(pool: Pool): Promise<boolean> {
  const files = await readdir(MIGRATIONS);
  const names = files.filter((file) => file.endsWith(".sql")).map((file) => basename(file, ".sql"));
  const { rowCount } = await pool.query(
    "select from sealdesk_migrations.migrations where name = any($1::text[])",
    [names],
  );
  return rowCount === names.length;
}
