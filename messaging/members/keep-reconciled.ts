import { runPeriodically } from "../../db/run-periodically.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { findUnreconciled } from "./find-unreconciled.ts";
import { reconcileDevices, type ReconcileDeps } from "./reconcile-devices.ts";

/**
 * The time by which a search overlaps the previous one, in milliseconds. It covers transactions
 * that committed late, and nodes whose clocks differ.
 */
const OVERLAP_MS = 3_600_000;

/**
 * Announces changes of devices in the conversations that lack them, now and every `everyMs`
 * milliseconds. A registration, a removal or a reset on any node may have been interrupted. The first
 * search looks at all devices. Later searches look at those changed since. Several nodes may do this
 * at the same time.
 * @returns a function that stops the task; it resolves when the current conversation is done
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

/** @returns false if a search failed, was incomplete or was ended */
async function reconcileAll(
  deps: ReconcileDeps,
  sinceMs: number,
  ending: AbortSignal,
  onError: (error: unknown) => void,
): Promise<boolean> {
  const { rows: tenants } = await deps.pool.query<{ id: TenantId }>("select id from tenants");
  let isWhole = true;
  const failed = (error: unknown) => {
    isWhole = false;
    onError(error);
  };
  for (const { id: tenant } of tenants) {
    if (ending.aborted) return false;
    // A tenant or an account that fails does not stop the others.
    const users = await findUnreconciled(deps.pool, tenant, sinceMs).catch(failed);
    for (const user of users ?? []) {
      if (ending.aborted) return false;
      await reconcileDevices(deps, { tenant, user }, ending).catch(failed);
    }
  }
  return isWhole;
}
