import { setTimeout as wait } from "node:timers/promises";
import { claimCluster, type ClusterClaim } from "../claim-cluster.ts";
import { sqlState } from "../database-error.ts";

/**
 * The longest time for a living postmaster to recover, and the pause between two attempts, in
 * milliseconds.
 */
const RECOVERY_MS = 60_000;
const RETRY_MS = 50;
/** SQLSTATE while PostgreSQL starts, recovers or stops. */
const CANNOT_CONNECT_NOW = "57P03";

/**
 * Claims the cluster after it has recovered. After a crash of a backend, the postmaster lives on
 * and refuses connections until then.
 * @param ownerUrl the login that owns the cluster
 * @param onLost called when the claim ends without having been released
 * @param stopping after it aborts, a refused connection is not tried again
 * @returns undefined if another process has claimed the cluster
 */
export async function claimWhenRecovered(
  ownerUrl: string,
  onLost: () => void,
  stopping: AbortSignal,
): Promise<ClusterClaim | undefined> {
  for (const endMs = performance.now() + RECOVERY_MS; ; await wait(RETRY_MS))
    try {
      return await claimCluster(ownerUrl, onLost);
    } catch (error) {
      const recovers = sqlState(error) === CANNOT_CONNECT_NOW;
      if (!recovers || stopping.aborted || performance.now() > endMs) throw error;
    }
}
