import type { TestDatabase } from "./database.ts";

/** Runs statements as an administrator of the database does who first switches every trigger off. */
export async function withoutTriggers({ owner }: TestDatabase, ...statements: string[]) {
  const client = await owner.connect();
  try {
    await client.query("begin");
    await client.query("set local session_replication_role = replica");
    const tables = await client.query<{ name: string }>(
      "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'audit'",
    );
    for (const { name } of tables.rows) await client.query(`alter table ${name} disable trigger user`);
    for (const statement of statements) await client.query(statement);
    for (const { name } of tables.rows) await client.query(`alter table ${name} enable trigger user`);
    await client.query("commit");
  } finally {
    await client.query("rollback");
    client.release();
  }
}

/** The id of the entry at a place in a log, as SQL. */
export const entryAt = (log: string, index: number) =>
  `(select entry from audit.leaves where log = '${log}' and index = ${index})`;
