import type pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { searchStream, type Finds } from "./find.ts";
import type { TextRuns } from "./text-runs.ts";

const TABLES = `
  select format('%I.%I', n.nspname, c.relname) as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
  order by 1`;

/**
 * Reads every row of every table, as a backup would, in PostgreSQL's binary format. Values that are
 * stored apart or compressed appear whole and uncompressed.
 * @param client may read everything
 * @returns how many bytes were read
 */
export async function searchTables(
  client: pg.Client,
  runs: TextRuns,
  finds: Finds,
): Promise<number> {
  const { rows } = await client.query<{ name: string }>(TABLES);
  let total = 0;
  for (const { name } of rows) {
    const rowsOf = client.query(copyTo(`copy ${name} to stdout (format binary)`));
    total += await searchStream(rowsOf, runs, (run) => finds.add(run, name));
  }
  return total;
}
