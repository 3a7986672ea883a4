import { chmod, mkdir } from "node:fs/promises";
import { dirname } from "node:path";

/** Others may pass through, as user postgres must when root runs Sealdesk, but not list. */
const PASSABLE = 0o711;

/**
 * Creates a folder and those above it. What root creates has the same mode whatever its umask is,
 * because PostgreSQL then runs as another user. Folders that exist are not changed.
 */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: PASSABLE });
  if (first === undefined || process.getuid?.() !== 0) return;
  for (let folder = path; folder.length >= first.length; folder = dirname(folder))
    await chmod(folder, PASSABLE);
}
