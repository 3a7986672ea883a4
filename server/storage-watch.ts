import type { Pool } from "../db/pool.ts";
import { sqlState } from "../db/database-error.ts";

/** So long after a failure the next write is expected to fail as well, in milliseconds. */
const HOLD_MS = 15_000;

// No room (53100), other resources (53000, 53200), read-only (25006), input or output (58030).
const STORAGE_STATES: ReadonlySet<string> = new Set(["53000", "53100", "53200", "25006", "58030"]);

type Query = (...given: readonly unknown[]) => unknown;

/** Watches a pool's statements for what says that nothing can be stored. @returns whether that is so */
export function watchStorage(pool: Pool): () => boolean {
  let failedMs = -Infinity;
  const look = (error: unknown) => {
    if (STORAGE_STATES.has(sqlState(error) ?? "")) failedMs = performance.now();
  };
  const known = new WeakSet<object>();
  pool.on("acquire", (client) => {
    if (known.has(client)) return;
    known.add(client);
    const query = client.query.bind(client) as Query;
    const watched: Query = (...given) => {
      const last = given.at(-1);
      if (typeof last === "function")
        return query(...given.slice(0, -1), (error: unknown, result: unknown) => {
          look(error);
          (last as Query)(error, result);
        });
      const answer = query(...given);
      if (answer instanceof Promise) answer.catch(look);
      return answer;
    };
    client.query = watched as typeof client.query;
  });
  return () => performance.now() - failedMs < HOLD_MS;
}
