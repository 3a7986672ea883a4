import { constants } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { LogError } from "./verify/log-error.ts";
import type { LogSource } from "./verify/log-source.ts";

/** The size of a full bundle of the longest entries. */
export const mostLogFileBytes = 256 * 65_537;

/** Returns the files of a log in a folder, such as one that `sealdesk audit export` wrote. */
export function logFolder(folder: string): LogSource {
  return {
    read: (path) => readWhole(join(folder, path), path),
    async *list() {
      const root = join(folder, "tile");
      const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
      for (const entry of entries)
        if (!entry.isDirectory())
          yield relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, "/");
    },
  };
}

/**
 * Reads a whole file. The party that is checked supplies it, so a device, a pipe or an endless file
 * must not block the caller.
 * @param path how errors name the file
 * @returns undefined if there is no such file. @throws LogError malformed
 */
export async function readWhole(
  place: string,
  path: string,
  mostBytes = mostLogFileBytes,
): Promise<Uint8Array | undefined> {
  const file = await open(place, constants.O_RDONLY | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? ""))
        return undefined;
      throw error;
    },
  );
  if (file === undefined) return undefined;
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new LogError("malformed", path, "is not a file.");
    if (status.size > mostBytes) throw tooLong(path, mostBytes);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

export const tooLong = (path: string, mostBytes: number): LogError =>
  new LogError("malformed", path, `is longer than ${mostBytes} bytes.`);
