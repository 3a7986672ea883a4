import { randomUUID } from "node:crypto";
import { link, open, readdir, rename, rm, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isUuid } from "../crypto/wire/uuid.ts";
import { makeFolder } from "../db/embedded/make-folder.ts";
import { KeysError } from "./keys-error.ts";

/**
 * Returns whether only the owner of a file has permissions on it. The group may read a file of root that
 * another user reads, as secrets are mounted into containers. PostgreSQL has the same rule for its private key.
 * @param mode permissions, as `stat` returns them
 */
export const isPrivate = (mode: number, owner: number, reader: number | undefined): boolean =>
  (mode & (owner === 0 && reader !== 0 ? 0o027 : 0o077)) === 0;

/**
 * Reads a file with a private key. Nobody but its owner may have permissions on it; the group may read a
 * file of root. Windows has other permissions, which are not looked at.
 * @throws KeysError key_file_open; what reading throws
 */
export async function readPrivateFile(path: string): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    await assertPrivate(file, path);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

async function assertPrivate(file: FileHandle, path: string): Promise<void> {
  const { mode, uid } = await file.stat();
  if (process.platform === "win32" || isPrivate(mode, uid, process.getuid?.())) return;
  const permissions = (mode & 0o777).toString(8).padStart(4, "0");
  throw new KeysError(
    "key_file_open",
    `Other users may use the key file ${path}: its permissions are ${permissions}. Run chmod 600 on it, and replace the key if somebody may have read it.`,
  );
}

/**
 * Writes a new private file beside `path` and syncs it to disk. `place` then puts it into place.
 */
async function writeBeside(
  path: string,
  text: string,
  place: (temporary: string) => Promise<void>,
): Promise<void> {
  await makeFolder(dirname(path));
  const temporary = `${path}.${randomUUID()}`;
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await place(temporary);
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Creates the private file `path` (mode 0600), completely or not at all, unless it exists.
 * @returns true when this call created it; of several concurrent calls exactly one does
 */
export async function writeFileOnce(path: string, text: string): Promise<boolean> {
  let made = true;
  await writeBeside(path, text, (temporary) =>
    link(temporary, path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      made = false;
    }),
  );
  return made;
}

/**
 * Replaces the private file `path` (mode 0600), completely or not at all. When this resolves, a loss
 * of power does not bring the earlier text back.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  await writeBeside(path, text, (temporary) => rename(temporary, path));
  await syncFolder(dirname(path));
}

/**
 * Removes the files that killed processes left beside `path` while they wrote it. A process that
 * writes `path` meanwhile fails, so call this under the lock that protects the file.
 */
export async function removeUnfinished(path: string): Promise<void> {
  const prefix = `${basename(path)}.`;
  const left = (await readdir(dirname(path))).filter(
    (name) => name.startsWith(prefix) && isUuid(name.slice(prefix.length)),
  );
  for (const name of left) await rm(join(dirname(path), name), { force: true });
  if (left.length > 0) await syncFolder(dirname(path));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
