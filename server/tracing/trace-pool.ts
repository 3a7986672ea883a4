import type { Pool } from "../../db/pool.ts";
import type { Tracing } from "./tracing.ts";

const VERBS: ReadonlySet<string> = new Set(
  "select insert update delete with begin commit rollback set".split(" "),
);

type Query = (...given: readonly unknown[]) => unknown;
type Callback = (error: Error | null | undefined, result: unknown) => void;

/** Makes each statement on the pool's connections a span of the trace that it belongs to. */
export function tracePool(pool: Pool, tracing: Tracing): void {
  const known = new WeakSet<object>();
  // The `connect` event is not enough: the pool may have connections already.
  pool.on("acquire", (client) => {
    if (known.has(client)) return;
    known.add(client);
    // `query` has many overloads. Its arguments are passed on unchanged.
    const query = client.query.bind(client) as Query;
    const traced: Query = (...given) => {
      const attributes = {
        "db.system.name": "postgresql",
        "db.operation.name": operationOf(given[0]),
      } as const;
      const last = given.at(-1);
      if (typeof last !== "function")
        return tracing.child("postgresql", attributes, () => query(...given));
      const answered = tracing.child("postgresql", attributes, () =>
        untilCalledBack(query, given.slice(0, -1), last as Callback),
      );
      // The callback has been called already.
      return void answered.catch(() => undefined);
    };
    client.query = traced as typeof client.query;
  });
}

/** The pool's own `query` uses a callback, so the span ends when the callback is called. */
function untilCalledBack(
  query: Query,
  given: readonly unknown[],
  callback: Callback,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const done: Callback = (error, result) => {
      if (error === null || error === undefined) resolve();
      else reject(error);
      callback(error, result);
    };
    query(...given, done);
  });
}

/** Returns the name of a prepared statement, or its SQL verb. Both are words of closed sets. */
function operationOf(statement: unknown): string {
  const { name, text } = (typeof statement === "object" ? statement : { text: statement }) as {
    readonly name?: unknown;
    readonly text?: unknown;
  };
  if (typeof name === "string") return name;
  const verb = /^\s*(\w+)/.exec(String(text))?.[1]?.toLowerCase() ?? "";
  return VERBS.has(verb) ? verb : "other";
}
