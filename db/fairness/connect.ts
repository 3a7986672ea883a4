import type { Pool, PoolClient } from "../pool.ts";
import { FairSemaphore, fairPlaces } from "./fair-semaphore.ts";
import { requesterIn } from "./requester.ts";
import type { Fence } from "../../crypto/wire/ids.ts";

/**
 * Connections of a pool that are kept for what belongs to no tenant's request: the committers of
 * messages, and statements that find a tenant.
 */
const KEPT = 3;

/** One semaphore for each pool, for as long as the pool exists. */
const all = new WeakMap<Pool, FairSemaphore>();

function semaphoreOf(pool: Pool): FairSemaphore {
  const known = all.get(pool);
  if (known !== undefined) return known;
  const max = pool.options.max;
  const made = new FairSemaphore(fairPlaces(max - Math.min(KEPT, Math.floor(max / 3))));
  all.set(pool, made);
  return made;
}

/** A connection, and the function that returns it. */
export interface Connected {
  readonly client: PoolClient;
  /** @param broken why the connection is given up, if it is */
  readonly release: (broken: Error | undefined) => void;
}

/**
 * Takes a connection for the work of a tenant, or on a log. Tenants, and the accounts of a tenant, get connections in
 * turn, and a tenant never holds all of them.
 * @throws OverloadError overloaded
 */
export async function connect(pool: Pool, tenant: Fence): Promise<Connected> {
  const leave = await semaphoreOf(pool).enter(requesterIn(tenant));
  try {
    const client = await pool.connect();
    return {
      client,
      release(broken) {
        client.release(broken);
        leave();
      },
    };
  } catch (error) {
    leave();
    throw error;
  }
}
