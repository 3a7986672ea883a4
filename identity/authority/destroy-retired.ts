import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { forEachTenant } from "../../db/for-each-tenant.ts";
import type { Pool } from "../../db/pool.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Kms } from "../../keys/kms/kms.ts";
import { readLoggedAuthority } from "./authority-entries.ts";
import { destroyKmsKey } from "./kms-authority.ts";

/** How often keys are looked for whose destruction failed after a rotation. */
const EVERY_MS = 3_600_000;

interface RetiredDeps {
  readonly pool: Pool;
  readonly kms: Pick<Kms, "ensureKey" | "publicKey" | "sign" | "destroy">;
}

/**
 * Destroys the tenant's keys in the key service that have handed over to another one. You may repeat it.
 * @param isDone leaves out the keys of these versions
 * @returns the versions of the keys
 * @throws KeysError of the service
 */
export async function destroyRetired(
  { pool, kms }: RetiredDeps,
  tenant: TenantId,
  isDone: (version: number) => boolean = () => false,
): Promise<readonly number[]> {
  const { chain, current } = await inTransaction(pool, tenant, readLoggedAuthority);
  const isCurrent = (key: Uint8Array) =>
    current !== undefined && equalBytes(key, current.publicKey);
  const retired = chain.keys
    .map(({ entry: { version, authorityKey: publicKey } }) => ({ version, publicKey }))
    .filter(({ version, publicKey }) => !isCurrent(publicKey) && !isDone(version));
  for (const key of retired) await destroyKmsKey(kms, tenant, key);
  return retired.map(({ version }) => version);
}

/**
 * Destroys the former keys of all tenants' authorities, now and every hour. It makes up for a rotation that
 * ended before it destroyed the former key.
 * @returns a function that stops the task
 */
export function keepRetiredDestroyed(
  deps: RetiredDeps,
  onError: (error: unknown) => void,
): () => Promise<void> {
  const done = new Set<string>();
  const nameOf = (tenant: TenantId) => (version: number) => `${tenant} ${version}`;
  return runPeriodically(
    () =>
      forEachTenant(deps.pool, async (tenant) => {
        const name = nameOf(tenant);
        const versions = await destroyRetired(deps, tenant, (each) => done.has(name(each)));
        for (const version of versions) done.add(name(version));
        return versions.length;
      }),
    EVERY_MS,
    onError,
  );
}
