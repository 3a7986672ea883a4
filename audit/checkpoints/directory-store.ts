import { hash, randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { isUuid } from "../../crypto/wire/uuid.ts";
import type { CheckpointStore } from "./checkpoint-store.ts";

const UUID_LENGTH = 36;

/**
 * One file for each log, replaced atomically, and one for each proof, named by the log and a hash.
 * Put the folder on another disk than the database.
 */
export function directoryCheckpoints(folder: string): CheckpointStore {
  async function write(name: string, note: string): Promise<void> {
    const temporary = join(folder, `.${randomUUID()}`);
    try {
      const file = await open(temporary, "wx", 0o600);
      try {
        await file.writeFile(note);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, join(folder, name));
      await syncFolder(folder);
    } finally {
      await rm(temporary, { force: true });
    }
  }
  const make = () => mkdir(folder, { recursive: true, mode: 0o700 });

  return {
    async all() {
      const names = await readdir(folder).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
        throw error;
      });
      return Promise.all(
        names.filter(isKept).map(async (name) => ({
          log: name.slice(0, UUID_LENGTH),
          note: await readFile(join(folder, name), "utf8"),
        })),
      );
    },

    async put(log, size, note) {
      await make();
      // A node that was interrupted while signing may write after the node that took over.
      if ((await sizeIn(join(folder, log))) > size) return;
      await write(log, note);
    },

    async keepProof(log, note) {
      await make();
      await write(`${log}.${hash("sha256", note)}`, note);
    },

    async close() {
      // Files are open only during use.
    },
  };
}

const isKept = (name: string): boolean =>
  isUuid(name.slice(0, UUID_LENGTH)) && /^(\.[0-9a-f]{64})?$/.test(name.slice(UUID_LENGTH));

/** Without this, a loss of power could undo the rename. */
async function syncFolder(folder: string): Promise<void> {
  const directory = await open(folder, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** The size in the checkpoint of a file, or -1 if there is none. */
async function sizeIn(path: string): Promise<number> {
  const note = await readFile(path, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  });
  const size = Number(note.split("\n")[1] ?? Number.NaN);
  return Number.isSafeInteger(size) ? size : -1;
}
