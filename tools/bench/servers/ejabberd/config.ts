import type { EjabberdDatabase } from "./database.ts";

/** The only domain it serves. */
export const DOMAIN = "localhost";

/**
 * ejabberd.yml, of which JSON is a part: clients over WebSocket, accounts and archive in PostgreSQL,
 * every message archived. What it has no use for here is left out, and there are no shapers, so that
 * nothing but its work limits it; the pool has the ten connections that it has by default.
 */
export function ejabberdConfig(port: number, database: EjabberdDatabase): string {
  return JSON.stringify({
    hosts: [DOMAIN],
    loglevel: "error",
    acme: { auto: false },
    listen: [
      {
        ip: "127.0.0.1",
        port,
        backlog: 1_024, // of 5, unless told: everybody connects at once
        module: "ejabberd_http",
        request_handlers: { "/xmpp": "ejabberd_http_ws" },
      },
    ],
    auth_method: ["sql"],
    auth_password_format: "plain",
    sql_type: "pgsql",
    sql_server: database.host,
    sql_port: database.port,
    sql_database: database.database,
    sql_username: database.user,
    sql_password: database.password,
    modules: { mod_mam: { db_type: "sql", default: "always" } },
  });
}
