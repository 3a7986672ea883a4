import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { startEmbeddedPostgres } from "../../db/embedded-postgres.ts";

/** A PostgreSQL of a chosen version, with no role and no database of ours in it. */
export interface Postgres {
  /** A superuser's login to a database of that name, which is made. */
  createDatabase(name: string): Promise<string>;
  stop(): Promise<void>;
}

const packaged = (major: number): string =>
  fileURLToPath(new URL(`../postgres/node_modules/postgres-${major}/native/bin`, import.meta.url));

/** Where the programs of each version are: `.ci/run` installs them. 18 is the embedded one. */
const programs: Readonly<Record<number, string | undefined>> = {
  14: packaged(14),
  15: "/usr/lib/postgresql/15/bin",
  16: packaged(16),
  17: packaged(17),
};

/** Starts a new cluster of this major version. */
export async function startPostgres(major: 14 | 15 | 16 | 17 | 18): Promise<Postgres> {
  const home = await mkdtemp(join(tmpdir(), `sealdesk-postgres-${major}-`));
  await chmod(home, 0o755);
  const cluster = await startEmbeddedPostgres(
    join(home, "data"),
    { fsync: "off" },
    programs[major],
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
