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
import type { Binaries } from "./binaries.ts";
import type { UnixIds } from "./postgres-user.ts";
import { makeFolder } from "./make-folder.ts";
import { unavailable } from "./unavailable.ts";
import { run } from "./run.ts";

/** File in the cluster's directory with the password of its owner. */
export const PASSWORD_FILE = "owner-password";

/**
 * File that names the folder whose files become the cluster. It is written once and never removed.
 */
const CHOICE = "chosen-cluster";
/** Prefix of the folders in which `initdb` works. */
const NEW = "new-cluster-";
/** This file is moved last, so a directory that has it contains a complete cluster. */
const LAST = "PG_VERSION";

export const hasCluster = (directory: string): boolean => existsSync(join(directory, LAST));

/**
 * Creates a cluster in `directory` unless there is one. The process may be killed at any moment,
 * and several processes may call this at once. Each process runs `initdb` in a folder of its own.
 * The first to finish chooses its folder for all. Then every process moves the files of the chosen
 * folder into place.
 * @throws DatabaseError embedded_unavailable
 */
export async function createCluster(
  binaries: Binaries,
  directory: string,
  ids: UnixIds | undefined,
): Promise<void> {
  await makeFolder(dirname(directory));
  await mkdir(directory, { recursive: true });
  // PostgreSQL requires this mode and owner even if the directory existed before, as a mount point
  // does.
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
      // Another process was faster. Its cluster can be used instead.
      if (!existsSync(choice)) throw notMade(directory, ids, cause);
    } finally {
      for (const suffix of [".name", ".password"]) await rm(made + suffix, { force: true });
    }
  }
  const chosen = await readFile(choice, "utf8");
  // User postgres owns this file. Its content must not make root move the files of another folder.
  if (!chosen.startsWith(NEW) || basename(chosen) !== chosen) throw foreignFiles(directory);
  await moveUp(join(directory, chosen), directory);
  if (!hasCluster(directory)) throw foreignFiles(directory);
}

/** Removes a file or folder. Another process may remove it or write to it at the same time. */
const remove = (path: string): Promise<void> =>
  rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });

/** Removes the folders that interrupted calls of `createCluster` left behind. */
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

/**
 * Moves every file once. It may be interrupted, and several processes may run it at the same time.
 */
async function moveUp(from: string, to: string): Promise<void> {
  const names = await readdir(from).catch(() => []);
  for (const name of [...names.filter((each) => each !== LAST), LAST])
    await rename(join(from, name), join(to, name)).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    });
  await rmdir(from).catch(() => undefined);
}

/**
 * Refuses a directory with other files, or with a cluster that lost `PG_VERSION`. Such files are
 * not changed.
 */
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
      : " Root runs it as user postgres, who must be able to reach this folder.";
  return unavailable(`PostgreSQL could not create a cluster in ${directory}.${reason}`, cause);
}
