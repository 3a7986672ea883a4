import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import {
  chmod,
  chown,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Binaries } from "./binaries.ts";
import type { UnixIds } from "./postgres-user.ts";
import { unavailable } from "./unavailable.ts";

const run = promisify(execFile);

/** In the cluster's directory: the password of its owner. */
export const PASSWORD_FILE = "owner-password";

/** Names the folder whose files become the cluster. Written once and never removed. */
const CHOICE = "chosen-cluster";
/** A folder that `initdb` works in. */
const NEW = "new-cluster-";
/** Moved last: a directory that has it holds a whole cluster. */
const LAST = "PG_VERSION";

export const hasCluster = (directory: string): boolean => existsSync(join(directory, LAST));

/**
 * Makes a cluster in `directory` unless there is one. It may be killed at any moment, and run by
 * several processes at once. Each has `initdb` work in a folder of its own; the first to finish
 * chooses its folder for all, and everyone moves the chosen folder's files to their place.
 * @throws DatabaseError embedded_unavailable
 */
export async function createCluster(
  binaries: Binaries,
  directory: string,
  ids: UnixIds | undefined,
): Promise<void> {
  // User postgres passes through the folder above, which is the caller's.
  await mkdir(dirname(directory), { recursive: true, mode: 0o711 });
  await mkdir(directory, { recursive: true });
  // PostgreSQL insists on both, also where the directory was there before, as a mount point is.
  await chmod(directory, 0o700);
  if (ids !== undefined) await chown(directory, ids.uid, ids.gid);
  const choice = join(directory, CHOICE);
  if (!existsSync(choice)) {
    await refuseForeignFiles(directory);
    const made = await mkdtemp(join(directory, NEW));
    try {
      await initialise(binaries, made, ids);
      await writeFile(`${made}.name`, basename(made));
      await link(`${made}.name`, choice);
    } catch (cause) {
      await remove(made);
      // Another process was first: its cluster is as good.
      if (!existsSync(choice)) throw notMade(directory, ids, cause);
    } finally {
      for (const suffix of [".name", ".password"]) await rm(made + suffix, { force: true });
    }
  }
  const chosen = await readFile(choice, "utf8");
  // The file belongs to user postgres, and root must not move another folder's files because of it.
  if (!chosen.startsWith(NEW) || basename(chosen) !== chosen) throw foreignFiles(directory);
  await moveUp(join(directory, chosen), directory);
  if (!hasCluster(directory)) throw foreignFiles(directory);
}

/** Removes a file or folder. Another process may be removing it, or be writing to it, at the same time. */
const remove = (path: string): Promise<void> =>
  rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });

/** Removes what killed calls of `createCluster` left behind. */
export async function removeNewClusters(directory: string): Promise<void> {
  for (const name of await readdir(directory))
    if (name.startsWith(NEW)) await remove(join(directory, name));
}

async function initialise(
  { initdb }: Binaries,
  directory: string,
  ids: UnixIds | undefined,
): Promise<void> {
  const passwordFile = `${directory}.password`;
  await writeFile(passwordFile, randomBytes(24).toString("base64url"), { mode: 0o600 });
  if (ids !== undefined) {
    await chown(directory, ids.uid, ids.gid);
    await chown(passwordFile, ids.uid, ids.gid);
  }
  await run(
    initdb,
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
  await rename(passwordFile, join(directory, PASSWORD_FILE));
}

/** Safe to be cut off and to be run by several: every file is moved once, by whoever comes first. */
async function moveUp(from: string, to: string): Promise<void> {
  const names = await readdir(from).catch(() => []);
  for (const name of [...names.filter((each) => each !== LAST), LAST])
    await rename(join(from, name), join(to, name)).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    });
  await rmdir(from).catch(() => undefined);
}

/** Files of somebody else's, or a cluster that lost `PG_VERSION`, are neither used nor removed. */
async function refuseForeignFiles(directory: string): Promise<void> {
  const names = await readdir(directory);
  const isOurs = (name: string) => name.startsWith(NEW) || name === "lost+found";
  if (!names.includes(CHOICE) && !names.every(isOurs)) throw foreignFiles(directory);
}

const foreignFiles = (directory: string) =>
  unavailable(
    `${directory} holds files but no PostgreSQL cluster. Empty it, or choose another SEALDESK_HOME.`,
  );

function notMade(directory: string, ids: UnixIds | undefined, cause: unknown) {
  const reason =
    ids === undefined
      ? ""
      : " As root it runs as user postgres, who must be able to reach this folder.";
  return unavailable(`PostgreSQL could not make a cluster in ${directory}.${reason}`, cause);
}
