import { chmod, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import pg from "pg";
import { startEmbeddedPostgres } from "../../../db/embedded-postgres.ts";
import { createPool } from "../../../db/pool.ts";
import { findTenant } from "../../../identity/accounts/tenant.ts";
import { AtRest } from "../../testkit/at-rest.ts";
import { People } from "../../testkit/people.ts";
import { startServer, type ServerProcess } from "../../testkit/server-process.ts";

/** A server with its database, and what its operator can do. */
export interface Backend {
  readonly url: string;
  readonly people: People;
  /** The database as its administrator sees it. */
  readonly administrator: pg.Client;
  /** Gives the administrator all that the server has. */
  readonly atRest: AtRest;
  /** SEALDESK_HOME. */
  readonly home: string;
  /** The folder of the demo's devices' stores. It is not the server's and is never kept. */
  readonly devicesFolder: string;
  /** Stops server and database. Their files stay. A repeat does nothing. */
  stop(): Promise<void>;
  /**
   * Stops them and removes the files. The server's files are removed only if they are not to be
   * kept.
   */
  discard(): Promise<void>;
}

export const tenantSlug = "demo";

/**
 * Runs `work` with a backend. The backend is discarded afterwards, also when the process is told to
 * end.
 */
export async function withBackend<T>(
  keep: string | undefined,
  work: (backend: Backend) => Promise<T>,
): Promise<T> {
  const backend = await openBackend(keep);
  const leave = () => void backend.discard().finally(() => process.exit(130));
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.once(signal, leave);
  try {
    return await work(backend);
  } finally {
    for (const signal of signals) process.off(signal, leave);
    await backend.discard();
  }
}

/**
 * Starts a server with an empty database.
 * @param keep a folder to leave behind, which must be new or empty; undefined for a temporary one
 * @throws Error if the folder is in use, or the server does not start
 */
async function openBackend(keep: string | undefined): Promise<Backend> {
  const home = await makeHome(keep);
  const devicesFolder = await mkdtemp(join(tmpdir(), "sealdesk-devices-"));
  const remove = async () => {
    const folders = keep === undefined ? [home, devicesFolder] : [devicesFolder];
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  };
  try {
    const backend = await startIn(home);
    return {
      ...backend,
      devicesFolder,
      async discard() {
        try {
          await backend.stop();
        } finally {
          await remove();
        }
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

type StartedBackend = Omit<Backend, "devicesFolder" | "discard">;

async function startIn(home: string): Promise<StartedBackend> {
  const server = await startServer(home);
  try {
    return await lookInto(server, home);
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function lookInto(server: ServerProcess, home: string): Promise<StartedBackend> {
  // It already runs. This call gets its address and does not control its life.
  const { ownerUrl } = await startEmbeddedPostgres(join(home, "postgres"));
  const administrator = new pg.Client({ connectionString: ownerUrl, application_name: "demo" });
  administrator.on("error", () => undefined);
  await administrator.connect();
  const pool = createPool(ownerUrl, { max: 4 });
  const tenant = await findTenant(pool, tenantSlug);
  if (tenant === undefined) throw new Error("The server made no development tenant.");
  const atRest = await AtRest.open(home, ownerUrl);
  const { profiles } = atRest;
  const people = await People.open({ home, ownerUrl, tenant, profiles, publicUrl: server.url });
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    await Promise.all([administrator.end(), pool.end(), atRest.close()]);
    await server.stop();
  };
  return {
    url: server.url,
    people,
    administrator,
    atRest,
    home,
    stop: () => (stopping ??= stop()),
  };
}

/** Makes the folder so that the database's own user can reach it. */
async function makeHome(keep: string | undefined): Promise<string> {
  const home = keep === undefined ? await mkdtemp(join(tmpdir(), "sealdesk-demo-")) : resolve(keep);
  await mkdir(home, { recursive: true });
  if ((await readdir(home)).length > 0)
    throw new Error(
      `${home} is not empty, so its files could not be told from those that the demo leaves.`,
    );
  await chmod(home, 0o755);
  return home;
}
