import pg from "pg";
import { DatabaseError } from "./database-error.ts";

/** 64-bit integers of ours stay below 2^53, so they are read as numbers. */
export const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, Number);

export type Pool = pg.Pool;
export type Client = pg.ClientBase;

/**
 * A pool whose sessions run as `sealdesk_app`, whoever logs in: grants and row-level security
 * hold even when the login could do more.
 */
export function createPool(url: string, options: { readonly max?: number } = {}): Pool {
  return poolAs("sealdesk_app", "sealdesk", url, options.max ?? 10);
}

/** As `createPool`, for the keystore: its sessions run as `sealdesk_keystore`. */
export function createKeystorePool(url: string, options: { readonly max?: number } = {}): Pool {
  return poolAs("sealdesk_keystore", "keystore", url, options.max ?? 4);
}

function poolAs(role: string, schema: string, url: string, max: number): Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    types,
    application_name: "sealdesk",
    options: `-c role=${role} -c search_path=${schema}`,
    connectionTimeoutMillis: 10_000,
  });
  // An idle connection may be cut at any time; the pool replaces it when next asked.
  pool.on("error", () => undefined);
  // So may one that is in use: the statement that fails tells, but an `error` event that nobody
  // listens to would end the process.
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

/**
 * Makes sure that row-level security holds on the pool's sessions: a pooler in between may have
 * dropped the role that `createPool` asks for. @throws DatabaseError not_fenced
 */
export async function insistOnFence(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ fenced: boolean }>(
    "select row_security_active('sealdesk.users') as fenced",
  );
  if (rows[0]?.fenced !== true)
    throw new DatabaseError(
      "not_fenced",
      "DATABASE_URL leads to sessions without row-level security; connect without a pooler that drops startup options.",
    );
}
