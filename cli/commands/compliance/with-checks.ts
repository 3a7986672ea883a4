import { assertReachable } from "../../../db/assert-reachable.ts";
import { createKeystorePool, type Pool } from "../../../db/pool.ts";
import { Policies } from "../../../identity/policy/policies.ts";
import type { Kms } from "../../../keys/kms/kms.ts";
import { openKms } from "../../../keys/kms/open-kms.ts";
import type { ComplianceDeps } from "../../../workflows/compliance/check-compliance.ts";
import type { Settings } from "../../settings.ts";
import { withDatabase, type CommandDatabase } from "../../with-database.ts";
import { withSettling } from "../ledger/with-ledger.ts";

/** Runs `work` with what the checks need. A key service or keystore that cannot be used is found by them. */
export const withChecks = <T>(
  settings: Settings,
  work: (deps: ComplianceDeps, database: CommandDatabase) => Promise<T>,
): Promise<T> =>
  withDatabase(settings, async (database) => {
    const { ownerUrl, pool } = database;
    const { keystore: apart, publicUrl, keystoreBackupMs, audit } = settings;
    const kms = await openOrExplain(settings);
    const keystore = createKeystorePool(apart?.url ?? ownerUrl, { max: 1 });
    const deps: ComplianceDeps = {
      pool,
      now: Date.now,
      policies: new Policies(),
      keystore: await reachable(settings, keystore),
      kms,
      withLedger: (asked) => withSettling(settings, { ownerUrl, pool }, asked),
      facts: { publicUrl, isKeystoreApart: apart !== undefined, keystoreBackupMs, audit },
    };
    try {
      return await work(deps, database);
    } finally {
      await keystore.end();
      await kms.close();
    }
  });

/** Opens the key service. If that fails, its check fails with the same error. */
async function openOrExplain(settings: Settings): Promise<Pick<Kms, "check" | "name" | "close">> {
  const { kind: name } = settings.kms();
  try {
    return (await openKms(settings.kms())).kms;
  } catch (error) {
    return { name, check: () => Promise.reject(error), close: () => Promise.resolve() };
  }
}

/** Waits for the keystore for a moment, so that its check does not wait for long. */
async function reachable({ keystore }: Settings, pool: Pool): Promise<Pool> {
  if (keystore !== undefined) await assertReachable(keystore).catch(() => undefined);
  return pool;
}
