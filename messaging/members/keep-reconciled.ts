import { runPeriodically } from "../../db/run-periodically.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { findUnreconciled } from "./find-unreconciled.ts";
import { reconcileDevices, type ReconcileDeps } from "./reconcile-devices.ts";

/**
 * How far back a search goes beyond the one before it, in milliseconds: for transactions that commit
 * after others began, and for clocks of nodes that differ.
 */
const OVERLAP_MS = 3_600_000;

/**
 * Finishes, now and every `everyMs` milliseconds, what a registration, a removal or a reset began and
 * did not announce in every conversation, on whichever node it was. The first search looks at all
 * devices, a later one at those changed since. Nodes may do this at the same time.
 * @returns what ends it, once the conversation under way is done
 */
export function keepReconciled(
  deps: ReconcileDeps,
  everyMs: number,
  onError: (error: unknown) => void,
): () => Promise<void> {
  let sinceMs = 0;
  return runPeriodically(
    async (ending) => {
      const startedMs = deps.now();
      if (await reconcileAll(deps, sinceMs, ending, onError)) sinceMs = startedMs - OVERLAP_MS;
    },
    everyMs,
    onError,
  );
}

/** @returns whether nothing was left out */
async function reconcileAll(
  deps: ReconcileDeps,
  sinceMs: number,
  ending: AbortSignal,
  onError: (error: unknown) => void,
): Promise<boolean> {
  const { rows: tenants } = await deps.pool.query<{ id: Uuid }>("select id from tenants");
  let isWhole = true;
  const failed = (error: unknown) => {
    isWhole = false;
    onError(error);
  };
  for (const { id: tenant } of tenants) {
    if (ending.aborted) return false;
    // A tenant or an account that fails keeps no other from being finished.
    const users = await findUnreconciled(deps.pool, tenant, sinceMs).catch(failed);
    for (const user of users ?? []) {
      if (ending.aborted) return false;
      await reconcileDevices(deps, { tenant, user }, ending).catch(failed);
    }
  }
  return isWhole;
}
