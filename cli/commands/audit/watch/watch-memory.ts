import { hash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { nodeChecks } from "../../../../audit/node-checks.ts";
import { openCheckpoint, type Checkpoint } from "../../../../audit/verify/checkpoint.ts";
import { LogError } from "../../../../audit/verify/log-error.ts";
import type { NoteKey } from "../../../../audit/verify/note.ts";
import { replaceFile } from "../../../../keys/private-file.ts";

/** What a watcher remembers of a log. */
export interface Remembered {
  /** The head that was verified last. */
  readonly head: Checkpoint;
  /** When every entry was read last, in milliseconds since the Unix epoch. */
  readonly wholeAtMs: number;
}

/** The memory of a watcher, in files that survive a kill. */
export interface WatchMemory {
  /** @throws LogError, if the file does not hold a head that the key signed */
  read(): Promise<Remembered | undefined>;
  /**
   * Keeps a head, if it is another one than before.
   * @param wholeAtMs is given if every entry was read
   */
  write(signed: Uint8Array, wholeAtMs: number | undefined): Promise<void>;
  /** Returns when another head was kept last, in milliseconds since the Unix epoch. */
  grewAtMs(): Promise<number>;
}

/** @param folder belongs to the watcher alone. Whoever can write there can make it forget. */
export function watchMemory(folder: string, key: NoteKey): WatchMemory {
  const log = join(folder, hash("sha256", key.name));
  const [headFile, wholeFile] = [`${log}.checkpoint`, `${log}.whole`];
  return {
    async read() {
      const note = await readIfThere(headFile);
      if (note === undefined) return undefined;
      const wholeAtMs = Date.parse((await readIfThere(wholeFile)) ?? "");
      return {
        head: openKept(note, headFile, key),
        wholeAtMs: Number.isNaN(wholeAtMs) ? Number.NEGATIVE_INFINITY : wholeAtMs,
      };
    },
    async write(signed, wholeAtMs) {
      const note = Buffer.from(signed).toString();
      // Cosignatures may be added to a head that is kept already.
      const isSame = textOf(await readIfThere(headFile)) === textOf(note);
      if (!isSame) await replaceFile(headFile, note);
      if (wholeAtMs !== undefined) await replaceFile(wholeFile, new Date(wholeAtMs).toISOString());
    },
    grewAtMs: async () => (await stat(headFile)).mtimeMs,
  };
}

/** What is signed of a note. */
const textOf = (note: string | undefined) => note?.slice(0, note.indexOf("\n\n"));

function openKept(note: string, path: string, key: NoteKey): Checkpoint {
  try {
    return openCheckpoint(nodeChecks, note, key);
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    throw new LogError(cause.code, path, `is not a head of this log. ${cause.message}`, { cause });
  }
}

const readIfThere = (path: string): Promise<string | undefined> =>
  readFile(path, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  });
