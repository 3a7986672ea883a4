import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { startEmbeddedPostgres } from "../../../db/embedded-postgres.ts";
import { migrate } from "../../../db/migrate.ts";
import { createPool } from "../../../db/pool.ts";
import { refreshServerLogin } from "../../../db/server-login.ts";
import { findTenant } from "../../../identity/accounts/tenant.ts";
import { AtRest } from "../../testkit/at-rest.ts";
import { createDemoTenant, DEMO_TENANT } from "../../testkit/demo-tenant.ts";
import { People } from "../../testkit/people.ts";
import { freePort } from "../../testkit/server-process.ts";
import {
  isRedisInstalled,
  startRedisServer,
  type RedisServer,
} from "../../testkit/redis-server.ts";
import { TcpProxy } from "../../testkit/tcp-proxy.ts";
import { RelayProcess } from "./relay-process.ts";

export const tenantSlug = DEMO_TENANT;

/**
 * Relays that can be killed, on a database that outlives them, behind a network that can be cut.
 */
export interface Backend {
  /** The URL by which devices reach any relay, through the network. */
  readonly url: string;
  /** The SEALDESK_HOME that the relays share. */
  readonly home: string;
  readonly relays: readonly RelayProcess[];
  /** Undefined if the relays run without Redis. */
  readonly redis: RedisServer | undefined;
  readonly network: TcpProxy;
  readonly people: People;
  /** The database as its administrator sees it. */
  readonly administrator: pg.Client;
  /** Gives the administrator all that the server has. */
  readonly atRest: AtRest;
  /** The login of the relay's database connections. */
  readonly serverLogin: string;
  /** Stops everything that can be stopped. */
  close(): Promise<void>;
}

interface BackendOptions {
  /** The number of relays. */
  readonly nodes: number;
  readonly redis: boolean;
}

/**
 * Starts everything in `folder`.
 * @throws Error; what had been started is stopped
 */
export async function openBackend(folder: string, options: BackendOptions): Promise<Backend> {
  if (options.redis && !isRedisInstalled())
    throw new Error(
      "redis-server is missing: install it (apt-get install redis-server), or give --no-redis.",
    );
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const each of closers.splice(0).toReversed()) await each().catch(() => undefined);
  };
  try {
    return { ...(await open(folder, options, closers)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(
  folder: string,
  options: BackendOptions,
  closers: (() => Promise<unknown>)[],
): Promise<Omit<Backend, "close">> {
  const home = join(folder, "home");
  await mkdir(home);
  // The database's own user must be able to reach its folder.
  await chmod(folder, 0o755);
  const cluster = await startEmbeddedPostgres(join(folder, "postgres"), {
    max_connections: "200",
    // Keeps the data on disk small, however long it takes.
    max_wal_size: "256MB",
  });
  closers.push(() => cluster.stop());
  const { ownerUrl } = cluster;
  await migrate(ownerUrl);
  const loginUrl = await refreshServerLogin(ownerUrl);

  const redis = options.redis ? await startRedisServer() : undefined;
  closers.push(async () => redis?.kill());
  const port = await freePort();
  const furtherPorts: number[] = [];
  while (furtherPorts.length < options.nodes - 1) furtherPorts.push(await freePort());
  const network = await TcpProxy.start(port, ...furtherPorts);
  closers.push(() => network.close());
  const url = `http://127.0.0.1:${network.port}`;
  await createDemoTenant(home, ownerUrl);
  const settings = {
    DATABASE_URL: loginUrl,
    DATABASE_OWNER_URL: ownerUrl,
    PUBLIC_URL: url,
    ...(redis !== undefined && { REDIS_URL: redis.url }),
  };
  const relays = [port, ...furtherPorts].map((each) => new RelayProcess(home, each, settings));
  for (const relay of relays) {
    closers.push(() => relay.stop());
    // The first relay makes the keys that all share.
    await relay.start();
  }

  const administrator = new pg.Client({ connectionString: ownerUrl, application_name: "chaos" });
  administrator.on("error", () => undefined);
  await administrator.connect();
  closers.push(() => administrator.end());
  const atRest = await AtRest.open(home, ownerUrl);
  closers.push(() => atRest.close());
  const pool = createPool(ownerUrl, { max: 4 });
  closers.push(() => pool.end());
  const tenant = await findTenant(pool, tenantSlug);
  if (tenant === undefined) throw new Error("The database has no demo tenant.");
  const { profiles } = atRest;
  const people = await People.open({ home, ownerUrl, tenant, profiles, publicUrl: url });
  const serverLogin = new URL(loginUrl).username;
  return { url, home, relays, redis, network, people, administrator, atRest, serverLogin };
}
