import type { Queryable } from "./client.ts";
import { DatabaseError } from "./database-error.ts";

/** The oldest PostgreSQL that all SQL of this version runs on. */
const OLDEST_MAJOR = 15;

/**
 * Checks that the server behind `client` is new enough.
 * @throws DatabaseError postgres_too_old
 */
export async function assertVersion(client: Queryable): Promise<void> {
  const { rows } = await client.query<{ number: number; version: string }>(
    "select current_setting('server_version_num')::int as number, current_setting('server_version') as version",
  );
  const [{ number, version } = { number: 0, version: "" }] = rows;
  if (number >= OLDEST_MAJOR * 10_000) return;
  // Distributions add their own words after the number.
  const [shown] = version.split(" ");
  throw new DatabaseError(
    "postgres_too_old",
    `PostgreSQL ${shown} is too old: ${OLDEST_MAJOR} or later is needed.`,
  );
}
