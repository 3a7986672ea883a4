import pg from "pg";
import { READ_ONLY, sqlState } from "./database-error.ts";
import { connect } from "./fairness/connect.ts";
import type { Client, Pool } from "./pool.ts";
import type { Fence } from "../crypto/wire/ids.ts";

/** The transaction of `inTransaction` that a connection has open. */
interface OpenTransaction {
  readonly pool: Pool;
  /** The functions to call when it is committed. */
  readonly afterCommit: ((pool: Pool) => void)[];
}
const open = new WeakMap<Client, OpenTransaction>();

/**
 * Calls `call` with the pool when the transaction of `inTransaction` that `client` has open is
 * committed, and never if it is rolled back. In another transaction it does nothing.
 */
export function afterCommit(client: Client, call: (pool: Pool) => void): void {
  open.get(client)?.afterCommit.push(call);
}

/** Returns the pool of the transaction of `inTransaction` that `client` has open; undefined in another one. */
export const poolOf = (client: Client): Pool | undefined => open.get(client)?.pool;

/**
 * Runs `work` in one transaction for one tenant or log. Row-level security shows and accepts only its
 * rows. Commits if `work` resolves, and rolls back if it throws. `work` must not begin another
 * transaction on the same pool, because both could wait for each other's connections.
 * @throws OverloadError overloaded, if the requester already waits for too much
 */
export const inTransaction = <T>(
  pool: Pool,
  fence: Fence,
  work: (client: Client) => Promise<T>,
): Promise<T> => run(pool, fence, "begin", work);

/** Like `inTransaction`, for reading. All statements see the database as of one moment. */
export const inSnapshot = <T>(
  pool: Pool,
  fence: Fence,
  work: (client: Client) => Promise<T>,
): Promise<T> => run(pool, fence, "begin isolation level repeatable read read only", work);

async function run<T>(
  pool: Pool,
  fence: Fence,
  begin: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const { client, release } = await connect(pool, fence);
  let broken: Error | undefined;
  const callbacks: ((pool: Pool) => void)[] = [];
  try {
    // One message, which saves each request two round trips. It cannot have parameters.
    await client.query(
      `${begin}; select set_config('sealdesk.tenant', ${pg.escapeLiteral(fence)}, true)`,
    );
    open.set(client, { pool, afterCommit: callbacks });
    const result = await work(client);
    await client.query("commit");
    for (const call of callbacks) call(pool);
    return result;
  } catch (error) {
    await client.query("rollback").catch((cause: unknown) => {
      broken = new Error("rollback failed", { cause });
    });
    // A session that began read-only stays read-only. A new one may reach the new primary.
    if (sqlState(error) === READ_ONLY) broken = error as Error;
    throw error;
  } finally {
    open.delete(client);
    release(broken);
  }
}
