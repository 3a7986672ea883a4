import { sqlState } from "../db/database-error.ts";
import type { Pool } from "../db/pool.ts";
import { runPeriodically } from "../db/run-periodically.ts";

/** Time between two writes that find out whether the database stores anything again. */
const PROBE_EVERY_MS = 1_000;
/** The longest time of such a write, and of the write with its commit. */
const STATEMENT_MS = 2_000;
const COMMIT_MS = 5_000;

// The SQLSTATEs of no room (53100), other resources (53000, 53200), read-only (25006), and input or
// output (58030).
const STORAGE_STATES: ReadonlySet<string> = new Set(["53000", "53100", "53200", "25006", "58030"]);

type Query = (...given: readonly unknown[]) => unknown;

interface StorageWatch {
  /**
   * True from a statement that a database could not store until a write to it has been committed
   * again.
   */
  readonly isFailing: () => boolean;
  readonly close: () => Promise<void>;
}

/** A pool, and the schema whose `probe_storage()` its login may call. */
export interface WatchedPool {
  readonly pool: Pool;
  readonly schema: "sealdesk" | "keystore";
}

/** Watches the statements of each pool for errors that say that its database stores nothing. */
export function watchStorage(
  pools: readonly WatchedPool[],
  probeEveryMs = PROBE_EVERY_MS,
): StorageWatch {
  const watches = pools.map((watched) => watchPool(watched, probeEveryMs));
  return {
    isFailing: () => watches.some(({ isFailing }) => isFailing()),
    async close() {
      await Promise.all(watches.map(({ close }) => close()));
    },
  };
}

function watchPool({ pool, schema }: WatchedPool, probeEveryMs: number): StorageWatch {
  let failures = 0;
  let failing = false;
  watchStatements(pool, (error) => {
    if (!STORAGE_STATES.has(sqlState(error) ?? "")) return;
    failures++;
    failing = true;
  });
  const probe = async () => {
    const before = failures;
    await commitWrite(pool, schema);
    // A statement that failed during the probe says more than the probe.
    if (failures === before) failing = false;
  };
  // A probe that fails is repeated: the state stays as it is.
  const stop = runPeriodically(
    () => (failing ? probe() : Promise.resolve()),
    probeEveryMs,
    () => undefined,
  );
  return { isFailing: () => failing, close: stop };
}

/** Rejects if the write fails or hangs. Its connection is then given up, because another may be sound. */
async function commitWrite(pool: Pool, schema: WatchedPool["schema"]): Promise<void> {
  const client = await pool.connect();
  const write = {
    text: `begin; set local statement_timeout = ${STATEMENT_MS};
      select ${schema}.probe_storage(); commit`,
    query_timeout: COMMIT_MS,
  };
  try {
    await client.query(write);
    client.release();
  } catch (error) {
    client.release(true);
    throw error;
  }
}

function watchStatements(pool: Pool, onError: (error: unknown) => void): void {
  const known = new WeakSet<object>();
  pool.on("acquire", (client) => {
    if (known.has(client)) return;
    known.add(client);
    const query = client.query.bind(client) as Query;
    const watched: Query = (...given) => {
      const last = given.at(-1);
      if (typeof last === "function")
        return query(...given.slice(0, -1), (error: unknown, result: unknown) => {
          onError(error);
          (last as Query)(error, result);
        });
      const answer = query(...given);
      if (answer instanceof Promise) answer.catch(onError);
      return answer;
    };
    client.query = watched as typeof client.query;
  });
}
