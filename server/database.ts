import { join } from "node:path";
import { claimCluster } from "../db/claim-cluster.ts";
import { startEmbeddedPostgres } from "../db/embedded-postgres.ts";
import { migrate } from "../db/migrate.ts";
import { createPool, insistOnFence, type Pool } from "../db/pool.ts";
import { refreshServerLogin } from "../db/server-login.ts";
import { ConfigError, type Config } from "./config.ts";

export interface OpenDatabase {
  readonly pool: Pool;
  /** What the pool connects with. */
  readonly url: string;
  /** Where the keystore is: in the same database unless configured. */
  readonly keystoreUrl: string;
  /** For acts of the operator alone, such as making a tenant. */
  readonly ownerUrl: string;
  close(): Promise<void>;
}

/**
 * A pool on a database whose schema is up to date: the configured one, else the embedded one, which
 * is started and, by `close`, stopped.
 * @throws ConfigError when another server runs on the same SEALDESK_HOME; DatabaseError
 */
export async function openDatabase(config: Config): Promise<OpenDatabase> {
  const { databaseUrl, databaseOwnerUrl, keystoreUrl, keystoreOwnerUrl } = config;
  if (databaseUrl === undefined) return openEmbedded(config.home);
  const ownerUrl = (databaseOwnerUrl ?? databaseUrl).reveal();
  await migrate(ownerUrl, keystoreOwnerUrl?.reveal());
  const url = databaseUrl.reveal();
  const pool = createPool(url);
  await insistOnFence(pool).catch(async (error: unknown) => {
    await pool.end();
    throw error;
  });
  return {
    pool,
    url,
    keystoreUrl: keystoreUrl?.reveal() ?? url,
    ownerUrl,
    close: () => pool.end(),
  };
}

async function openEmbedded(home: string): Promise<OpenDatabase> {
  const cluster = await startEmbeddedPostgres(join(home, "postgres"));
  const claim = await claimCluster(cluster.ownerUrl);
  if (claim === undefined)
    throw new ConfigError(
      "SEALDESK_HOME is in use by another running server; stop it or choose another folder.",
    );
  try {
    await migrate(cluster.ownerUrl);
    const url = await refreshServerLogin(cluster.ownerUrl);
    const pool = createPool(url);
    return {
      pool,
      url,
      keystoreUrl: url,
      ownerUrl: cluster.ownerUrl,
      async close() {
        await pool.end();
        await claim.release();
        await cluster.stop();
      },
    };
  } catch (error) {
    await claim.release();
    await cluster.stop();
    throw error;
  }
}
