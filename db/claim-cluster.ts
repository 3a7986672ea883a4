import { createSession } from "./session.ts";

/** An arbitrary number that every process must share. */
const CLAIM_KEY = 7_325_372_001;

export interface ClusterClaim {
  release(): Promise<void>;
}

/**
 * Claims the embedded cluster for the process that will stop it. The claim is an advisory lock of a
 * session, so it ends with the process or with the cluster, however that ends.
 * @param onLost called if the session ends before `release`
 * @returns undefined if another process holds the claim
 */
export async function claimCluster(
  ownerUrl: string,
  onLost: () => void = () => undefined,
): Promise<ClusterClaim | undefined> {
  const client = createSession(ownerUrl, { name: "sealdesk-claim" });
  let isHeld = false;
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
