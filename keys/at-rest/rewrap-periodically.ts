import type { TenantId } from "../../crypto/wire/ids.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { inTransaction } from "../../db/transaction.ts";
import { kekOf } from "./keystore-deps.ts";
import { rewrapSubjectKeys, type RotateDeps } from "./rotate-kek.ts";

const EVERY_MS = 10 * 60_000;

const STATE = `
  select (select min(kek_version) from subject_keys where wrapped is not null) as oldest,
    coalesce((select destroyed_before < oldest_version from keks), false) as "isUndestroyed"`;

/**
 * Continues interrupted rewrappings, now and every ten minutes.
 * @param onRemaining receives the number of keys of all tenants that are still under earlier
 *   versions
 * @returns a function that stops the task; it resolves when the current tenant is done
 */
export function rewrapPeriodically(
  deps: RotateDeps,
  onError: (error: unknown) => void,
  onRemaining: (keys: number) => void = () => undefined,
): () => Promise<void> {
  const work = async (ending: AbortSignal) => {
    const { rows } = await deps.data.query<{ id: TenantId }>("select id from tenants");
    for (const { id } of rows) {
      if (ending.aborted) return;
      // A tenant whose key is denied or gone does not stop the rewrapping of the others.
      await rewrapTenant(deps, id, onRemaining).catch(onError);
    }
    onRemaining(0);
  };
  return runPeriodically(work, EVERY_MS, onError);
}

async function rewrapTenant(
  deps: RotateDeps,
  tenant: TenantId,
  onRemaining: (keys: number) => void,
): Promise<void> {
  const { pool, kms } = deps;
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query<{ oldest: number | null; isUndestroyed: boolean }>(STATE),
  );
  const { oldest = null, isUndestroyed = false } = rows[0] ?? {};
  const isBehind = async () => oldest !== null && oldest < (await kms.latestVersion(kekOf(tenant)));
  // This also runs when every key is rewrapped, because an earlier run may have stopped before it
  // destroyed the old versions.
  if (!isUndestroyed && !(await isBehind())) return;
  await rewrapSubjectKeys(deps, tenant, {
    onProgress: ({ done, total }) => onRemaining(total - done),
  });
}
