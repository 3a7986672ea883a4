import type { Queryable } from "./client.ts";
import { CONNECT_MS } from "./connection-options.ts";

/** Settings of a session. The values are SQL identifiers or words that need no quotes. */
export interface SessionSettings {
  readonly role: string;
  readonly search_path?: string;
  readonly synchronous_commit?: "off";
}

/** What every session relies on, whatever the operator set for the database or the login. */
const RELIED_ON = [
  // A statement after a row lock sees what the lock waited for. In stricter levels it fails (40001).
  "set session characteristics as transaction isolation level read committed",
  // Sessions that listen or hold a lock are idle for long. The pools end their idle sessions themselves.
  "set idle_session_timeout = 0",
];

/**
 * Sets the role, the other settings, and what every session relies on, when a session has just begun. Statements
 * do this, and not startup options, because PgBouncer drops or refuses those.
 * @throws the driver's error. The session must then not be used.
 */
export async function configureSession(
  client: Queryable,
  settings: SessionSettings,
): Promise<void> {
  const asked = Object.entries(settings).map(
    ([name, value]: [string, string]) => `set ${name} = ${value}`,
  );
  const query = { text: [...RELIED_ON, ...asked].join("; "), query_timeout: CONNECT_MS };
  await client.query(query);
}
