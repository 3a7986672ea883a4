import { sqlState } from "../../db/database-error.ts";
import type { TestDatabase } from "./database.ts";

/** Runs statements as an administrator of the database does who first switches every trigger off. */
export async function withoutTriggers(
  database: TestDatabase,
  ...statements: string[]
): Promise<void> {
  // The server locks the same tables in another order. PostgreSQL then ends one of the two.
  while (!(await attempt(database, statements)));
}

/** @returns false after a deadlock, which changed nothing */
async function attempt({ owner }: TestDatabase, statements: readonly string[]): Promise<boolean> {
  const client = await owner.connect();
  try {
    await client.query("begin");
    const triggers = await client.query<{ name: string; enable: string }>(
      `select format('alter table %s %%s trigger %I', tgrelid::regclass, tgname) as name,
         case tgenabled when 'A' then 'enable always' else 'enable' end as enable
       from pg_trigger where tgrelid in (
         select oid from pg_class where relnamespace = 'audit'::regnamespace) and not tgisinternal`,
    );
    for (const { name } of triggers.rows) await client.query(name.replace("%s", "disable"));
    for (const statement of statements) await client.query(statement);
    for (const { name, enable } of triggers.rows) await client.query(name.replace("%s", enable));
    await client.query("commit");
    return true;
  } catch (error) {
    if (sqlState(error) === "40P01") return false;
    throw error;
  } finally {
    await client.query("rollback");
    client.release();
  }
}

/** The id of the entry at a place in a log, as SQL. */
export const entryAt = (log: string, index: number) =>
  `(select entry from audit.leaves where log = '${log}' and index = ${index})`;
