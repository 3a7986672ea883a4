import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, stat } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { writeFileOnce } from "./private-file.ts";

/** The time for which a holder may work. An older lock belongs to a process that was killed. */
const STALE_MS = 30_000;
const RETRY_MS = 20;
const PATIENCE_MS = 60_000;

/**
 * Runs `work` while no other process holds the same lock file. `work` receives a function that
 * returns whether it still holds the lock; call it before you put a result into place. A lock that
 * a killed process left behind is taken over after 30 s.
 */
export async function withFileLock<T>(
  path: string,
  work: (holds: () => Promise<boolean>) => Promise<T>,
): Promise<T> {
  const token = randomUUID();
  const deadlineMs = Date.now() + PATIENCE_MS;
  while (!(await writeFileOnce(path, token))) {
    await removeStale(path);
    if (Date.now() > deadlineMs) throw new Error("the lock file is held by another process");
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
    // Another process may have been faster and this may be its lock. Then put it back.
    if ((await readFile(aside, "utf8")) !== stale) await link(aside, path).catch(() => undefined);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  } finally {
    await rm(aside, { force: true });
  }
}
