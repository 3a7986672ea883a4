import type { Queryable } from "./client.ts";

/** Returns the time by the clock of the database's computer, in milliseconds since the Unix epoch. */
export async function readDatabaseClock(client: Queryable): Promise<number> {
  const { rows } = await client.query<{ ms: number }>(
    "select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms",
  );
  return Math.round(rows[0]?.ms ?? 0);
}
