import type { Pool } from "../../db/pool.ts";
import type { Tracing } from "./tracing.ts";

const VERBS: ReadonlySet<string> = new Set(
  "select insert update delete with begin commit rollback set".split(" "),
);

/** Makes each statement on the pool's connections a span of the trace that asked for it. */
export function tracePool(pool: Pool, tracing: Tracing): void {
  pool.on("connect", (client) => {
    // Its overloads are many; what it is given is passed on as it came.
    const query = client.query.bind(client) as (...given: readonly unknown[]) => unknown;
    const traced = (...given: readonly unknown[]) =>
      tracing.child(
        "postgresql",
        { "db.system.name": "postgresql", "db.operation.name": operationOf(given[0]) },
        () => query(...given),
      );
    client.query = traced as typeof client.query;
  });
}

/** The name of a prepared statement, else its verb. Names are ours, and verbs are a closed set. */
function operationOf(statement: unknown): string {
  const { name, text } = (typeof statement === "object" ? statement : { text: statement }) as {
    readonly name?: unknown;
    readonly text?: unknown;
  };
  if (typeof name === "string") return name;
  const verb = /^\s*(\w+)/.exec(String(text))?.[1]?.toLowerCase() ?? "";
  return VERBS.has(verb) ? verb : "other";
}
