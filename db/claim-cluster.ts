import pg from "pg";

/** Any number, as long as everyone uses this one. */
const CLAIM_KEY = 7_325_372_001;

export interface ClusterClaim {
  release(): Promise<void>;
}

/**
 * Claims the embedded cluster for the one who will stop it. The claim is a session's advisory lock,
 * so it ends with the process however that ends, and with the cluster.
 * @param onLost called when the session ends before `release`.
 * @returns undefined when another process holds it.
 */
export async function claimCluster(
  ownerUrl: string,
  onLost: () => void = () => undefined,
): Promise<ClusterClaim | undefined> {
  const client = new pg.Client({ connectionString: ownerUrl, application_name: "sealdesk-claim" });
  let isHeld = false;
  // The cluster may be stopped before the claim is released.
  client.on("error", () => undefined);
  client.on("end", () => {
    if (isHeld) onLost();
    isHeld = false;
  });
  await client.connect();
  const { rows } = await client.query<{ claimed: boolean }>(
    "select pg_try_advisory_lock($1) as claimed",
    [CLAIM_KEY],
  );
  const release = () => {
    isHeld = false;
    return client.end();
  };
  if (rows[0]?.claimed === true) {
    isHeld = true;
    return { release };
  }
  await release();
  return undefined;
}
