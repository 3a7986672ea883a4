import { hash, randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { isUuid } from "../../crypto/wire/uuid.ts";
import { AuditError } from "../audit-error.ts";
import type { CheckpointStore } from "./checkpoint-store.ts";
import { isLater, orderOf, type HeadOrder } from "./head-order.ts";

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
  const read = (name: string) => readFile(join(folder, name), "utf8");

  return {
    async all() {
      return Promise.all(
        (await names())
          .filter(isKept)
          .map(async (name) => ({ log: name.slice(0, UUID_LENGTH), note: await read(name) })),
      );
    },

    async put(log, size, note) {
      await make();
      // A node that was interrupted while signing may write after the node that took over.
      const [before, now] = [await orderIn(join(folder, log)), { ...orderOf(note), size }];
      if (before.restores > now.restores)
        throw new AuditError(
          "audit_log_behind",
          `The log was restored from a backup and continued elsewhere. This database is not the restored one. Stop this node: see docs/restore.md.`,
        );
      if (!isLater(before, now)) await write(log, note);
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

/** The order of the checkpoint in a file. If there is none, everything is later. */
async function orderIn(path: string): Promise<HeadOrder> {
  const note = await readFile(path, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  });
  return orderOf(note);
}
