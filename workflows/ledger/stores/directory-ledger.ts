import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { entryName, numberIn, type LedgerStore, type StoredEntry } from "./ledger-store.ts";

/** Files that are read at the same time. */
const AT_ONCE = 64;

const isCode = (error: unknown, code: string): boolean =>
  (error as NodeJS.ErrnoException).code === code;

/** One file for each entry, which is never replaced. Put the folder on another disk than the database. */
export function directoryLedger(folder: string): LedgerStore {
  async function numbersFrom(first: number): Promise<readonly number[]> {
    const names = await readdir(folder).catch((error: unknown) => {
      if (isCode(error, "ENOENT")) return [];
      throw error;
    });
    return names
      .map(numberIn)
      .filter((number) => number !== undefined && number >= first)
      .map(Number)
      .toSorted((a, b) => a - b);
  }

  return {
    async read(first) {
      const numbers = await numbersFrom(first);
      const entries: StoredEntry[] = [];
      for (let at = 0; at < numbers.length; at += AT_ONCE) {
        const some = numbers.slice(at, at + AT_ONCE).map(async (number) => ({
          number,
          note: await readFile(join(folder, entryName(number)), "utf8"),
        }));
        entries.push(...(await Promise.all(some)));
      }
      return entries;
    },

    async put({ number, note }) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const temporary = join(folder, `.${randomUUID()}`);
      try {
        await writeSynced(temporary, note);
        // Unlike `rename`, `link` replaces nothing.
        await link(temporary, join(folder, entryName(number)));
        await syncFolder(folder);
        return true;
      } catch (error) {
        if (isCode(error, "EEXIST")) return false;
        throw error;
      } finally {
        await rm(temporary, { force: true });
      }
    },

    close() {
      // Files are open only during use.
    },
  };
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Syncs the folder. Without this, a loss of power could undo the link. */
async function syncFolder(folder: string): Promise<void> {
  const directory = await open(folder, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
