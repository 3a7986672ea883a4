import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ArchiveStore } from "./archive-store.ts";

/**
 * Read-only files. Each file is complete or absent. Put the folder where other people can only add
 * files.
 */
export function directoryArchive(folder: string): ArchiveStore {
  return {
    checkpoint: () =>
      readFile(join(folder, "checkpoint"), "utf8").catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }),

    async put(path, bytes) {
      const place = join(folder, path);
      const temporary = join(dirname(place), `.${randomUUID()}`);
      await mkdir(dirname(place), { recursive: true });
      try {
        const file = await open(temporary, "wx", 0o444);
        try {
          await file.writeFile(bytes);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(temporary, place);
      } finally {
        await rm(temporary, { force: true });
      }
    },

    async close() {
      // Files are open only during use.
    },
  };
}
