import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { searchStream, type Finds } from "./find.ts";
import type { TextRuns } from "./text-runs.ts";

/**
 * Reads every file below a folder. For a PostgreSQL folder these are the tables as stored on disk,
 * deleted rows, and the write-ahead log.
 * @returns how many bytes were read
 */
export async function searchFiles(folder: string, runs: TextRuns, finds: Finds): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  let total = 0;
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const place = relative(folder, path);
    total += await searchStream(bytesOf(path), runs, (run) => finds.add(run, place));
  }
  return total;
}

/** Yields a file's bytes, or none if PostgreSQL has removed it meanwhile. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    const content: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: 1024 * 1024 });
    yield* content;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
