import { chmod, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "../../db/embedded-postgres.ts";
import { migrate } from "../../db/migrate.ts";

declare global {
  var testCluster: EmbeddedPostgres | undefined;
}

/**
 * One real PostgreSQL for the whole run; every test file gets a copy of a migrated template. Set
 * TEST_POSTGRES to a folder with PostgreSQL's programs, such as /usr/lib/postgresql/15/bin, to run
 * tests on that version.
 */
export default async function globalSetup(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "sealdesk-test-"));
  await chmod(home, 0o755);
  const settings = { fsync: "off", full_page_writes: "off", max_connections: "300" };
  const programs = process.env["TEST_POSTGRES"];
  const cluster = await startEmbeddedPostgres(join(home, "postgres"), settings, programs);
  globalThis.testCluster = cluster;
  await prepareSoftHsm(join(home, "softhsm"));
  const owner = new pg.Client({ connectionString: cluster.ownerUrl });
  await owner.connect();
  await owner.query("create database sealdesk_template");
  await owner.end();
  await migrate(withDatabase(cluster.ownerUrl, "sealdesk_template"));
  process.env["TEST_CLUSTER_URL"] = cluster.ownerUrl;
}

// Here, since the library reads the process's own environment, which jest keeps from tests.
async function prepareSoftHsm(folder: string): Promise<void> {
  await mkdir(join(folder, "tokens"), { recursive: true });
  const file = join(folder, "softhsm2.conf");
  await writeFile(file, `directories.tokendir = ${folder}/tokens\nlog.level = ERROR\n`);
  process.env["SOFTHSM2_CONF"] = file;
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
