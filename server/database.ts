import { join } from "node:path";
import { assertReachable } from "../db/assert-reachable.ts";
import { DatabaseError } from "../db/database-error.ts";
import { supervisePostgres } from "../db/embedded/supervise.ts";
import { migrate } from "../db/migrate.ts";
import { createKeystorePool, createPool, assertTenantFence, type Pool } from "../db/pool.ts";
import { assertVersion } from "../db/postgres-version.ts";
import { DATA, KEYSTORE, schemaState, type Section } from "../db/schema-version.ts";
import { refreshServerLogin } from "../db/server-login.ts";
import type { Secret } from "../keys/secret.ts";
import type { Config } from "./config.ts";
import type { Log } from "./log.ts";
import { waitFor } from "./wait-for.ts";

export interface OpenDatabase {
  readonly pool: Pool;
  /** The URL that the pool connects with. */
  readonly url: string;
  /** URL of the keystore. It is in the same database unless configured. */
  readonly keystoreUrl: string;
  /** The owner's login, only for acts of the operator, such as creating a tenant. */
  readonly ownerUrl: string;
  /** Resolves when the embedded database has ended and cannot be started again. */
  readonly givenUp: Promise<DatabaseError>;
  close(): Promise<void>;
}

/**
 * Opens a pool on the configured database, or on the embedded one if none is configured. The schema
 * is brought up to date first. The embedded database is started here, restarted if it ends, and
 * stopped by `close`. The owner's login is used only if there is something to migrate.
 * @throws DatabaseError
 */
export async function openDatabase(config: Config, log: Log): Promise<OpenDatabase> {
  const { databaseUrl } = config;
  if (databaseUrl === undefined) return openEmbedded(config.home, log);
  return waitFor(log, "database", openRemote(config, databaseUrl, log));
}

async function openRemote(
  { databaseOwnerUrl, keystoreUrl, keystoreOwnerUrl }: Config,
  databaseUrl: Secret<string>,
  log: Log,
): Promise<OpenDatabase> {
  const ownerUrl = (databaseOwnerUrl ?? databaseUrl).reveal();
  const url = databaseUrl.reveal();
  await assertReachable({ variable: "DATABASE_URL", url });
  if (keystoreUrl !== undefined)
    await assertReachable({ variable: "KEYSTORE_URL", url: keystoreUrl.reveal() });
  const isCurrent =
    (await looksCurrent(createPool(url, { max: 1 }), DATA)) &&
    (await looksCurrent(createKeystorePool(keystoreUrl?.reveal() ?? url, { max: 1 }), KEYSTORE));
  if (!isCurrent) {
    await assertReachable({ variable: "DATABASE_OWNER_URL", url: ownerUrl });
    if (keystoreOwnerUrl !== undefined)
      await assertReachable({ variable: "KEYSTORE_OWNER_URL", url: keystoreOwnerUrl.reveal() });
    await migrate(ownerUrl, keystoreOwnerUrl?.reveal(), {
      onWait: () => log.info("waiting for another process to migrate the database"),
    });
  }
  const pool = createPool(url);
  await assertTenantFence(pool).catch(async (error: unknown) => {
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

/**
 * Returns whether the server's own login sees a schema that is up to date. Returns false if the
 * login cannot look, for example because a new database lacks its role.
 * @throws DatabaseError postgres_too_old, schema_ahead
 */
async function looksCurrent(pool: Pool, section: Section): Promise<boolean> {
  try {
    await assertVersion(pool);
    return (await schemaState(pool, section)) === "current";
  } catch (error) {
    if (error instanceof DatabaseError) throw error;
    return false;
  } finally {
    await pool.end();
  }
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
