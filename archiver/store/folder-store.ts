import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import type { RecordStore } from "./record-store.ts";

const isCode = (error: unknown, ...codes: readonly string[]): boolean =>
  codes.includes((error as NodeJS.ErrnoException).code ?? "");

/** Read-only files, each complete or absent. Put the folder where other people can only add files. */
export function folderStore(folder: string): RecordStore {
  const read = (name: string) =>
    readFile(join(folder, name), "utf8").catch((error: unknown) => {
      if (isCode(error, "ENOENT")) return undefined;
      throw error;
    });
  return {
    async create(name, text) {
      const place = join(folder, name);
      const parent = dirname(place);
      const temporary = join(parent, `.${randomUUID()}`);
      await mkdir(parent, { recursive: true, mode: 0o700 });
      try {
        await writeSynced(temporary, text);
        // Unlike `rename`, `link` replaces nothing.
        await link(temporary, place);
        await syncFolder(parent);
        return true;
      } catch (error) {
        if (!isCode(error, "EEXIST")) throw error;
        return (await read(name)) === text;
      } finally {
        await rm(temporary, { force: true });
      }
    },
    read,
    async names(prefix) {
      const root = join(folder, prefix);
      const found = await readdir(root, { recursive: true, withFileTypes: true }).catch(
        (error: unknown) => {
          if (isCode(error, "ENOENT", "ENOTDIR")) return [];
          throw error;
        },
      );
      return found
        .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, "/"))
        .toSorted();
    },
    close() {
      // Files are open only during use.
    },
  };
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o400);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Without this, a loss of power could undo the link. */
async function syncFolder(folder: string): Promise<void> {
  const directory = await open(folder, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
