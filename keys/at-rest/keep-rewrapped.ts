import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { kekOf, type KeystoreDeps } from "./keystore-deps.ts";
import { rewrapSubjectKeys } from "./rotate-kek.ts";

const EVERY_MS = 10 * 60_000;

const STATE = `
  select (select min(kek_version) from subject_keys where wrapped is not null) as oldest,
    coalesce((select destroyed_before < oldest_version from keks), false) as "isUndestroyed"`;

/**
 * Goes on, now and every ten minutes, with re-wrappings that were begun and not ended.
 * @param data the database of the tenants
 * @param onRemaining told how many keys of all tenants are still under earlier versions
 * @returns what ends it, once the run under way has ended
 */
export function keepRewrapped(
  deps: Omit<KeystoreDeps, "now">,
  data: Pool,
  onError: (error: unknown) => void,
  onRemaining: (keys: number) => void = () => undefined,
): () => Promise<void> {
  let ending = false;
  let running: Promise<void> | undefined;
  const run = async () => {
    const { rows } = await data.query<{ id: Uuid }>("select id from tenants");
    for (const { id } of rows) {
      if (ending) return;
      // A tenant whose key is denied or gone keeps nobody else's from being re-wrapped.
      await rewrapTenant(deps, id, onRemaining).catch(onError);
    }
    onRemaining(0);
  };
  const start = () => {
    running ??= run()
      .catch(onError)
      .finally(() => {
        running = undefined;
      });
  };
  start();
  const timer = setInterval(start, EVERY_MS);
  timer.unref();
  return async () => {
    ending = true;
    clearInterval(timer);
    await running;
  };
}

async function rewrapTenant(
  { pool, kms }: Omit<KeystoreDeps, "now">,
  tenant: Uuid,
  onRemaining: (keys: number) => void,
): Promise<void> {
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query<{ oldest: number | null; isUndestroyed: boolean }>(STATE),
  );
  const { oldest = null, isUndestroyed = false } = rows[0] ?? {};
  const isBehind = async () => oldest !== null && oldest < (await kms.latestVersion(kekOf(tenant)));
  // Also when all are re-wrapped, and who did it was cut off before it destroyed what was above.
  if (!isUndestroyed && !(await isBehind())) return;
  await rewrapSubjectKeys({ pool, kms }, tenant, {
    onProgress: ({ done, total }) => onRemaining(total - done),
  });
}
