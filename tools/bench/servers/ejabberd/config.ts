import type { EjabberdDatabase } from "./database.ts";

/** The only domain that it serves. */
export const DOMAIN = "localhost";

/**
 * ejabberd.yml, which may be JSON: clients over WebSocket, accounts and archive in PostgreSQL,
 * every message archived. Unneeded modules are left out. There are no shapers, so only its work
 * limits it. The pool has its default of ten connections.
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
        backlog: 1_024, // the default is 5, but everybody connects at once
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
