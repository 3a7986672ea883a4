import { hash, randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { isUuid } from "../../crypto/wire/uuid.ts";
import { parseId, type LogId } from "../../crypto/wire/ids.ts";
import { isLaterHead } from "../verify/checkpoint.ts";
import type { CheckpointStore } from "./checkpoint-store.ts";
import { assertNoContradiction, checkpointMissing, readStored } from "./head-order.ts";

const UUID_LENGTH = 36;
const DECLARATION = /^restore\.[0-9a-f]{64}$/;

/**
 * One file for each log, replaced atomically, and one for each proof, named by the log and a hash.
 * The declaration of a restore is a file named by its hash.
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

  const names = () =>
    readdir(folder).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    });
  /** The logs whose checkpoint this process stored or saw. */
  const known = new Set<LogId>();
  const read = (name: string) => readFile(join(folder, name), "utf8");

  return {
    async all() {
      return Promise.all(
        (await names()).filter(isKept).map(async (name) => ({
          log: logOf(name),
          note: await read(name),
          kind: name.length === UUID_LENGTH ? "last" : "proof",
        })),
      );
    },

    async put(log, note) {
      await make();
      const place = join(folder, log);
      const [stored, head] = [await readIfThere(place), readStored(note, "a new checkpoint")];
      if (stored === undefined && known.has(log)) throw checkpointMissing(head, place);
      known.add(log);
      if (stored !== undefined) {
        const before = readStored(stored, place);
        assertNoContradiction(head, before);
        // A node that was interrupted while signing may write after the node that took over.
        if (isLaterHead(before, head)) return;
      }
      await write(log, note);
    },

    async keepProof(log, note) {
      await make();
      await write(`${log}.${hash("sha256", note)}`, note);
    },

    async declarations() {
      const kept = (await names()).filter((name) => DECLARATION.test(name));
      return Promise.all(
        kept.map(async (name) => ({ name: join(folder, name), text: await read(name) })),
      );
    },

    async keepDeclaration(text) {
      await make();
      await write(`restore.${hash("sha256", text)}`, text);
    },

    async close() {
      // Files are open only during use.
    },
  };
}

const logOf = (name: string): LogId => parseId(name.slice(0, UUID_LENGTH));

const isKept = (name: string): boolean =>
  isUuid(name.slice(0, UUID_LENGTH)) && /^(\.[0-9a-f]{64})?$/.test(name.slice(UUID_LENGTH));

/** Syncs the folder. Without this, a loss of power could undo the rename. */
async function syncFolder(folder: string): Promise<void> {
  const directory = await open(folder, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

const readIfThere = (path: string): Promise<string | undefined> =>
  readFile(path, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  });
