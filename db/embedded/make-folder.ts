import { chmod, mkdir } from "node:fs/promises";
import { dirname } from "node:path";

/** Others may pass through, as user postgres must when root runs Sealdesk, but not list. */
const PASSABLE = 0o711;

/**
 * Creates a folder and those above it. Folders that root creates have the same mode under any
 * umask, because PostgreSQL then runs as another user. Folders that exist are not changed.
 *
 * Node's own recursive `mkdir` never ends in places where the system forbids creating folders, such
 * as /proc.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeOne(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await makeOne(path);
  }
}

async function makeOne(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: PASSABLE });
    if (process.getuid?.() === 0) await chmod(path, PASSABLE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
