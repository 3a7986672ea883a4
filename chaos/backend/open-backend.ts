import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { startEmbeddedPostgres } from "../../db/embedded-postgres.ts";
import { migrate } from "../../db/migrate.ts";
import { createPool } from "../../db/pool.ts";
import { refreshServerLogin } from "../../db/server-login.ts";
import { findTenant } from "../../keys/accounts/tenant.ts";
import { AtRest } from "../../rig/at-rest.ts";
import { People } from "../../rig/people.ts";
import { freePort } from "../../rig/server-process.ts";
import { TcpProxy } from "../../rig/tcp-proxy.ts";
import { RelayProcess } from "./relay-process.ts";

export const tenantSlug = "demo";

/** A relay that can be killed, on a database that outlives it, behind a network that can be cut. */
export interface Backend {
  /** As devices reach it: through the network. */
  readonly url: string;
  /** The server's SEALDESK_HOME. */
  readonly home: string;
  readonly relay: RelayProcess;
  readonly network: TcpProxy;
  readonly people: People;
  /** The database as its administrator sees it. */
  readonly administrator: pg.Client;
  /** With it, the administrator has all that the server has. */
  readonly atRest: AtRest;
  /** The name the relay's connections to the database are under. */
  readonly serverLogin: string;
  /** Stops what can be stopped. */
  close(): Promise<void>;
}

/** Starts everything in `folder`. @throws Error; what had been started is stopped */
export async function openBackend(folder: string): Promise<Backend> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const each of closers.splice(0).toReversed()) await each().catch(() => undefined);
  };
  try {
    return { ...(await open(folder, closers)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(
  folder: string,
  closers: (() => Promise<unknown>)[],
): Promise<Omit<Backend, "close">> {
  const home = join(folder, "home");
  await mkdir(home);
  // The database's own user must be able to reach its folder.
  await chmod(folder, 0o755);
  const cluster = await startEmbeddedPostgres(join(folder, "postgres"));
  closers.push(() => cluster.stop());
  const { ownerUrl } = cluster;
  await migrate(ownerUrl);
  const loginUrl = await refreshServerLogin(ownerUrl);

  const port = await freePort();
  const network = await TcpProxy.start(port);
  closers.push(() => network.close());
  const url = `http://127.0.0.1:${network.port}`;
  const relay = new RelayProcess(home, port, {
    DATABASE_URL: loginUrl,
    DATABASE_OWNER_URL: ownerUrl,
    PUBLIC_URL: url,
  });
  closers.push(() => relay.stop());
  await relay.start();

  const administrator = new pg.Client({ connectionString: ownerUrl, application_name: "chaos" });
  administrator.on("error", () => undefined);
  await administrator.connect();
  closers.push(() => administrator.end());
  const atRest = await AtRest.open(home, ownerUrl);
  closers.push(() => atRest.close());
  const pool = createPool(ownerUrl, { max: 4 });
  closers.push(() => pool.end());
  const tenant = await findTenant(pool, tenantSlug);
  if (tenant === undefined) throw new Error("The server made no development tenant.");
  const { profiles } = atRest;
  const people = await People.open({ home, pool, tenant, profiles, publicUrl: url });
  const serverLogin = new URL(loginUrl).username;
  return { url, home, relay, network, people, administrator, atRest, serverLogin };
}
