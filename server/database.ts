import { join } from "node:path";
import type { DatabaseError } from "../db/database-error.ts";
import { supervisePostgres } from "../db/embedded/supervise.ts";
import { migrate } from "../db/migrate.ts";
import { createPool, insistOnFence, type Pool } from "../db/pool.ts";
import { refreshServerLogin } from "../db/server-login.ts";
import type { Config } from "./config.ts";
import type { Log } from "./log.ts";

export interface OpenDatabase {
  readonly pool: Pool;
  /** What the pool connects with. */
  readonly url: string;
  /** Where the keystore is: in the same database unless configured. */
  readonly keystoreUrl: string;
  /** For acts of the operator alone, such as making a tenant. */
  readonly ownerUrl: string;
  /** Resolves when the embedded database has ended and cannot be started again. */
  readonly givenUp: Promise<DatabaseError>;
  close(): Promise<void>;
}

/**
 * A pool on a database whose schema is up to date: the configured one, else the embedded one, which
 * is started, started again when it ends, and stopped by `close`.
 * @throws DatabaseError
 */
export async function openDatabase(config: Config, log: Log): Promise<OpenDatabase> {
  const { databaseUrl, databaseOwnerUrl, keystoreUrl, keystoreOwnerUrl } = config;
  if (databaseUrl === undefined) return openEmbedded(config.home, log);
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
    givenUp: new Promise(() => undefined),
    close: () => pool.end(),
  };
}

async function openEmbedded(home: string, log: Log): Promise<OpenDatabase> {
  let giveUp: (error: DatabaseError) => void = () => undefined;
  const givenUp = new Promise<DatabaseError>((resolve) => (giveUp = resolve));
  const cluster = await supervisePostgres(join(home, "postgres"), {
    onLost: () => log.warn("embedded database lost; it is started again"),
    onRestarted: (attempts) => log.info("embedded database restarted", { attempts }),
    onGivenUp: giveUp,
  });
  const { ownerUrl } = cluster;
  try {
    await migrate(ownerUrl);
    const url = await refreshServerLogin(ownerUrl);
    const pool = createPool(url);
    return {
      pool,
      url,
      keystoreUrl: url,
      ownerUrl,
      givenUp,
      async close() {
        await pool.end();
        await cluster.stop();
      },
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
