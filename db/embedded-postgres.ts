import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { findBinaries } from "./embedded/binaries.ts";
import {
  createCluster,
  hasCluster,
  PASSWORD_FILE,
  removeNewClusters,
} from "./embedded/create-cluster.ts";
import { postgresUser } from "./embedded/postgres-user.ts";
import { findPostmaster, type Postmaster } from "./embedded/postmaster.ts";
import { unavailable } from "./embedded/unavailable.ts";
import { run } from "./embedded/run.ts";

/** The longest time for PostgreSQL to start, and to stop, in seconds. */
const PATIENCE_S = 60;

export interface EmbeddedPostgres {
  /** A login that owns everything. Use it for migrations and backups. */
  readonly ownerUrl: string;
  /** True when a cluster left running by a killed process was taken over. */
  readonly adopted: boolean;
  /** Stops the cluster. Does nothing if it has already ended. */
  stop(): Promise<void>;
}

/**
 * Starts the packaged PostgreSQL on 127.0.0.1 only, with its data in `directory`, and creates the
 * cluster on first use. It runs detached. So a signal to the terminal's process group reaches Sealdesk
 * first, and `stop` stops the database last.
 * @param settings further server settings, such as `port`
 * @param programs a folder with `initdb` and `pg_ctl` of another PostgreSQL, for tests
 * @throws DatabaseError embedded_unavailable
 */
export async function startEmbeddedPostgres(
  directory: string,
  settings: Readonly<Record<string, string>> = {},
  programs?: string,
): Promise<EmbeddedPostgres> {
  const binaries =
    programs === undefined
      ? await findBinaries()
      : { initdb: join(programs, "initdb"), pg_ctl: join(programs, "pg_ctl") };
  const ids = await postgresUser();
  // pg_ctl runs a shell, which would expand a dollar sign in a path. So the path is not told.
  const pgCtl = (...args: string[]) =>
    run(binaries.pg_ctl, ["-D", ".", ...args], { ...ids, cwd: directory });
  const running = async ({ port }: Pick<Postmaster, "port">, adopted: boolean) => ({
    ownerUrl: `postgresql://postgres:${(await readFile(join(directory, PASSWORD_FILE), "utf8")).trim()}@127.0.0.1:${port}/postgres`,
    adopted,
    async stop() {
      if ((await findPostmaster(directory)) === undefined) return;
      await pgCtl("stop", "-m", "fast", "-w", "-t", String(PATIENCE_S)).catch(
        async (cause: unknown) => {
          if ((await findPostmaster(directory)) !== undefined) throw cause;
        },
      );
    },
  });

  if (!hasCluster(directory)) await createCluster(binaries, directory, ids);
  const already = await untilReady(directory);
  if (already !== undefined) return running(already, true);

  const port = settings["port"] ?? String(await freePort());
  const options = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    shared_buffers: "256MB",
    max_connections: "100",
    ...settings,
    port,
  };
  const flags = Object.entries(options).map(([name, value]) => `-c ${name}='${value}'`);
  const log = "server.log";
  try {
    await pgCtl("start", "-w", "-t", String(PATIENCE_S), "-l", log, "-o", flags.join(" "));
  } catch (cause) {
    // Another process may have started it at the same moment.
    const other = await untilReady(directory);
    if (other !== undefined) return running(other, true);
    throw unavailable(`PostgreSQL did not start. ${join(directory, log)} says why.`, cause);
  }
  await removeNewClusters(directory);
  return running({ port: Number(port) }, false);
}

/** Waits while a server that another process started is not ready yet. */
async function untilReady(directory: string): Promise<Postmaster | undefined> {
  for (const end = performance.now() + PATIENCE_S * 1_000; ; await wait(50)) {
    const postmaster = await findPostmaster(directory);
    if (postmaster === undefined || postmaster.isReady) return postmaster;
    if (performance.now() > end)
      throw unavailable(`PostgreSQL, process ${postmaster.pid}, does not become ready.`);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() =>
        resolve(typeof address === "object" && address !== null ? address.port : 0),
      );
    });
  });
}
