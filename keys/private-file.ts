import { randomUUID } from "node:crypto";
import { link, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** A new file beside `path`, private to this user, complete and on disk; then `place` puts it there. */
async function writeBeside(
  path: string,
  text: string,
  place: (temporary: string) => Promise<void>,
): Promise<void> {
  // Others may pass through the folder (PostgreSQL runs as a user of its own), not list it.
  await mkdir(dirname(path), { recursive: true, mode: 0o711 });
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
 * Makes the private file `path` (mode 0600), whole or not at all, unless it is there already.
 * @returns true when this call made it; of several at once, just one does.
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

/** Replaces the private file `path` (mode 0600), whole or not at all. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await writeBeside(path, text, (temporary) => rename(temporary, path));
}
