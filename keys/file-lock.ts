import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, stat } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { writeFileOnce } from "./private-file.ts";

/** What a holder works through at most; older locks are of processes that were killed. */
const STALE_MS = 30_000;
const RETRY_MS = 20;
const PATIENCE_MS = 60_000;

/**
 * Runs `work` while no other process runs one under the same lock file. `work` is given a function
 * that says whether the lock still is its own: to be asked before what it did is put into place.
 * A lock left behind by a killed process is taken over after 30 s.
 */
export async function withFileLock<T>(
  path: string,
  work: (holds: () => Promise<boolean>) => Promise<T>,
): Promise<T> {
  const token = randomUUID();
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await writeFileOnce(path, token))) {
    await removeStale(path);
    if (Date.now() > deadline) throw new Error("the lock file is held by another process");
    await wait(RETRY_MS);
  }
  const holds = async () => (await readFile(path, "utf8").catch(() => "")) === token;
  try {
    return await work(holds);
  } finally {
    if (await holds()) await rm(path, { force: true });
  }
}

async function removeStale(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || Date.now() - found.mtimeMs < STALE_MS) return;
  const stale = await readFile(path, "utf8").catch(() => "");
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
    // Somebody else may have been first, and this be the new holder's: it is put back.
    if ((await readFile(aside, "utf8")) !== stale) await link(aside, path).catch(() => undefined);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  } finally {
    await rm(aside, { force: true });
  }
}
