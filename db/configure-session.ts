import type { Queryable } from "./client.ts";
import { CONNECT_MS } from "./connection-options.ts";

/** Settings of a session. The values are SQL identifiers or words that need no quotes. */
export interface SessionSettings {
  readonly role: string;
  readonly search_path?: string;
  readonly synchronous_commit?: "off";
}

/**
 * Sets the role and other settings of a session that has just begun. Statements do this, and not
 * startup options, because PgBouncer drops or refuses those.
 * @throws the driver's error. The session must then not be used.
 */
export async function configureSession(
  client: Queryable,
  settings: SessionSettings,
): Promise<void> {
  const statements = Object.entries(settings).map(
    ([name, value]: [string, string]) => `set ${name} = ${value}`,
  );
  const query = { text: statements.join("; "), query_timeout: CONNECT_MS };
  await client.query(query);
}
