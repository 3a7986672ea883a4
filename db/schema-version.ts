import { readdir } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { Queryable } from "./client.ts";
import { DatabaseError, sqlState } from "./database-error.ts";

/**
 * A folder of numbered migrations, and the schema whose table `migrations` lists those that ran.
 */
export interface Section {
  readonly dir: string;
  readonly schema: "sealdesk_migrations" | "keystore_migrations";
}

export const DATA: Section = {
  dir: fileURLToPath(new URL("./migrations", import.meta.url)),
  schema: "sealdesk_migrations",
};

/** The keystore's migrations. The keystore may be in another database. */
export const KEYSTORE: Section = {
  dir: fileURLToPath(new URL("./keystore-migrations", import.meta.url)),
  schema: "keystore_migrations",
};

/**
 * Returns whether the database has every migration of this version. It may have more. While nodes
 * are replaced, a newer node migrates first, and older nodes keep running.
 */
export async function hasMigrations(client: Queryable, section: Section): Promise<boolean> {
  const [brought, ran] = await Promise.all([broughtBy(section), ranMigrations(client, section)]);
  return brought.every((name) => ran.includes(name));
}

/**
 * Compares the database's migrations with those of this version.
 * @throws DatabaseError schema_ahead if a later version has migrated the database
 */
export async function schemaState(
  client: Queryable,
  section: Section,
): Promise<"current" | "behind"> {
  const [brought, ran] = await Promise.all([
    broughtBy(section),
    ranMigrations(client, section).catch(noneIfMissing),
  ]);
  const unknown = ran.find((name) => !brought.includes(name));
  if (unknown !== undefined)
    throw new DatabaseError(
      "schema_ahead",
      `The database was migrated by a later version of Sealdesk (${unknown} is unknown here). Start that version, or a later one.`,
    );
  return brought.length === ran.length ? "current" : "behind";
}

async function broughtBy({ dir }: Section): Promise<readonly string[]> {
  const files = await readdir(dir);
  return files.filter((file) => file.endsWith(".sql")).map((file) => basename(file, ".sql"));
}

/** Returns the names of the migrations that ran. */
export async function ranMigrations(
  client: Queryable,
  { schema }: Section,
): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(`select name from ${schema}.migrations`);
  return rows.map(({ name }) => name);
}

/** The schema or its table does not exist. */
const MISSING: readonly (string | undefined)[] = ["3F000", "42P01"];

function noneIfMissing(error: unknown): readonly string[] {
  if (MISSING.includes(sqlState(error))) return [];
  throw error;
}
