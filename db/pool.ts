import pg from "pg";
import type { Pool } from "./client.ts";
import { configureSession } from "./configure-session.ts";
import { CONNECT_MS } from "./connection-options.ts";
import { DatabaseError } from "./database-error.ts";

/** All our 64-bit integers are below 2^53, so they are read as numbers. */
export const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, Number);

export type { Client, Pool, PoolClient } from "./client.ts";

/**
 * Creates a pool whose sessions run as `sealdesk_app`, with any login. So grants and row-level
 * security apply even if the login could do more.
 */
export function createPool(url: string, options: { readonly max?: number } = {}): Pool {
  return poolAs("sealdesk_app", "sealdesk", url, options.max ?? 10);
}

/** Like `createPool`, for the keystore. Its sessions run as `sealdesk_keystore`. */
export function createKeystorePool(url: string, options: { readonly max?: number } = {}): Pool {
  return poolAs("sealdesk_keystore", "keystore", url, options.max ?? 4);
}

function poolAs(role: string, schema: string, url: string, max: number): Pool {
  // The pool waits for this, and never hands out a session for which it failed.
  const hooks = {
    onConnect: (client: pg.ClientBase) => configureSession(client, { role, search_path: schema }),
  };
  const pool = new pg.Pool({
    connectionString: url,
    max,
    types,
    application_name: "sealdesk",
    connectionTimeoutMillis: CONNECT_MS,
    ...hooks,
  });
  // An idle connection may be cut at any time. The pool replaces it at the next request.
  pool.on("error", () => undefined);
  // A connection in use may be cut too. The failing statement reports it. But an `error` event without a
  // listener would end the process.
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

/**
 * Checks that row-level security applies to the pool's sessions.
 * @throws DatabaseError not_fenced
 */
export async function assertTenantFence(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ fenced: boolean }>(
    "select row_security_active('sealdesk.users') as fenced",
  );
  if (rows[0]?.fenced !== true)
    throw new DatabaseError(
      "not_fenced",
      "DATABASE_URL leads to sessions without row-level security. Restore the policies of the migrations.",
    );
}
