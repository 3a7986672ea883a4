import type { Client, Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Fence } from "../../crypto/wire/ids.ts";

/** The longest time for which a check waits for a lock, in milliseconds. */
const LOCK_MS = 2_000;

/**
 * Like `inTransaction`, for a check: somebody who holds a lock cannot stop it. A statement that waits for a
 * lock for two seconds fails.
 */
export const inCheck = <T>(
  pool: Pool,
  fence: Fence,
  work: (client: Client) => Promise<T>,
): Promise<T> =>
  inTransaction(pool, fence, async (client) => {
    await limitLocks(client);
    return work(client);
  });

/** Limits for how long each statement of a session waits for a lock. */
export const limitSessionLocks = async (client: Client): Promise<void> =>
  void (await client.query(`set lock_timeout = ${LOCK_MS}`));

/** Limits for how long each statement of the open transaction waits for a lock. */
export const limitLocks = async (client: Client, limitMs = LOCK_MS): Promise<void> =>
  void (await client.query(`set local lock_timeout = ${limitMs}`));
