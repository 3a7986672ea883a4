import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedPostgres } from "../../../db/embedded-postgres.ts";
import { migrate } from "../../../db/migrate.ts";
import { createPool, type Pool } from "../../../db/pool.ts";
import { refreshServerLogin } from "../../../db/server-login.ts";
import { findTenant, type Tenant } from "../../../identity/accounts/tenant.ts";
import { AtRest } from "../../testkit/at-rest.ts";
import { createDemoTenant, DEMO_TENANT } from "../../testkit/demo-tenant.ts";
import { People } from "../../testkit/people.ts";
import { freePort, spawnServer, stopServer, untilReady } from "../../testkit/server-process.ts";
import type { Closing } from "../closing.ts";

/** Two nodes on one database. */
export interface Site {
  readonly ownerUrl: string;
  readonly pool: Pool;
  readonly tenant: Tenant;
  readonly people: People;
  /** What proofs name: the address of the first node. */
  readonly publicUrl: string;
  /** Where each node listens. */
  readonly nodes: readonly string[];
}

const UNLIMITED = "1000000,1";

export async function openSite(started: Closing): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-access-"));
  started.add({ close: () => rm(folder, { recursive: true, force: true }) });
  // The database's own user must be able to reach its folder.
  await chmod(folder, 0o755);
  const home = join(folder, "home");
  await mkdir(home);
  const cluster = await startEmbeddedPostgres(join(folder, "postgres"));
  started.add({ close: () => cluster.stop() });
  const { ownerUrl } = cluster;
  await migrate(ownerUrl);
  await createDemoTenant(home, ownerUrl);
  const ports = [await freePort(), await freePort()];
  const nodes = ports.map((port) => `http://127.0.0.1:${port}`);
  const publicUrl = nodes[0] ?? "";
  const settings = {
    DATABASE_URL: await refreshServerLogin(ownerUrl),
    DATABASE_OWNER_URL: ownerUrl,
    PUBLIC_URL: publicUrl,
    SIGN_IN_NETWORK_LIMIT: UNLIMITED,
    SIGN_IN_ACCOUNT_LIMIT: UNLIMITED,
    SESSION_LIMIT: UNLIMITED,
  };
  for (const port of ports) {
    const node = await spawnServer(home, port, settings);
    started.add({ close: () => stopServer(node) });
    await untilReady(node, `http://127.0.0.1:${port}`);
  }
  const pool = createPool(ownerUrl, { max: 4 });
  started.add({ close: () => pool.end() });
  const { profiles } = started.add(await AtRest.open(home, ownerUrl));
  const tenant = await findTenant(pool, DEMO_TENANT);
  if (tenant === undefined) throw new Error("The database has no demo tenant.");
  const people = await People.open({ home, ownerUrl, tenant, profiles, publicUrl });
  return { ownerUrl, pool, tenant, people, publicUrl, nodes };
}
