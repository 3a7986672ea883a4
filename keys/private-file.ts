import { randomUUID } from "node:crypto";
import { link, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isUuid } from "../crypto/wire/uuid.ts";
import { makeFolder } from "../db/embedded/make-folder.ts";

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
