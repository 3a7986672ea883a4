import type { CaseId, TenantId } from "../../crypto/wire/ids.ts";
import type { Pool } from "../../db/pool.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import type { CaseKind } from "./case-kind.ts";
import { runStep, type RunDeps } from "./run-step.ts";

export interface RunnerDeps extends RunDeps {
  readonly kinds: readonly CaseKind[];
}

/** A case whose next step may be taken. */
interface DueCase {
  readonly tenant: TenantId;
  readonly id: CaseId;
  readonly kind: string;
}

/** The number of cases that one look returns. */
const MOST_DUE = 16;

/**
 * Takes steps of cases of all tenants until none may be taken now. Several nodes may do so at the same time: the lock
 * of a case's row and the number of its step decide.
 * @param ending no further step is begun when it is aborted
 * @returns how many steps were tried
 */
export async function runDueCases(deps: RunnerDeps, ending?: AbortSignal): Promise<number> {
  const kinds = new Map(deps.kinds.map((kind) => [kind.machine.kind, kind]));
  let count = 0;
  for (;;) {
    const before = count;
    for (const due of await readDue(deps.pool, [...kinds.keys()])) {
      if (ending?.aborted === true) return count;
      const kind = kinds.get(due.kind);
      if (kind !== undefined && (await runStep(deps, kind, due))) count++;
    }
    if (count === before) return count;
  }
}

async function readDue(pool: Pool, kinds: readonly string[]): Promise<readonly DueCase[]> {
  const { rows } = await pool.query<DueCase>(
    "select tenant, id, kind from sealdesk.cases_to_run($1, $2)",
    [kinds, MOST_DUE],
  );
  return rows;
}

const EVERY_MS = 1_000;

/** So many steps may run on a node at the same time. A slow one does not stop the others. */
const RUNNERS = 3;

/** Looks every second for cases whose next step may be taken. @returns a function that stops */
export function runCasesPeriodically(
  deps: RunnerDeps,
  everyMs: number = EVERY_MS,
): () => Promise<void> {
  const stops = Array.from({ length: RUNNERS }, () =>
    runPeriodically((ending) => runDueCases(deps, ending), everyMs, deps.onError),
  );
  return async () => void (await Promise.all(stops.map((stop) => stop())));
}
