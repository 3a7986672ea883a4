import { OPERATOR_LOG } from "../../audit/logs.ts";
import type { TestDatabase } from "./database.ts";

/** The entries of the operator's log that are no checkpoints, oldest first. */
export async function operatorEntries(
  database: TestDatabase,
  action?: string,
): Promise<readonly Record<string, unknown>[]> {
  const { rows } = await database.owner.query<{ entry: Buffer }>(
    "select entry from audit.entries where tenant = $1 order by id",
    [OPERATOR_LOG],
  );
  return rows
    .map(({ entry }) => entry.toString())
    .filter((text) => text.startsWith("{"))
    .map((text) => JSON.parse(text) as Record<string, unknown>)
    .filter((entry) => action === undefined || entry["action"] === action);
}
