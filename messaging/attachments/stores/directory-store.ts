import type { FileHandle } from "node:fs/promises";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isUuid, type Uuid } from "../../../crypto/wire/uuid.ts";
import {
  blobFinished,
  blobNotFound,
  invalidBlobId,
  wrongOffset,
  type BlobStore,
} from "./blob-store.ts";

const unfinished = ".part";
const pieceBytes = 64 * 1024;

/**
 * Blobs as files of one folder, which is made when it is needed: `ab/abcd....part` while it grows,
 * renamed when it is final. `put` and `finish` return when the disk has it.
 */
export function directoryStore(folder: string): BlobStore {
  function pathOf(id: Uuid): string {
    if (!isUuid(id)) throw invalidBlobId();
    return join(folder, id.slice(-2), id);
  }

  return {
    async size(id) {
      const path = pathOf(id);
      return (await sizeOf(path)) ?? sizeOf(path + unfinished);
    },

    async put(id, offset, data) {
      const path = pathOf(id);
      if ((await sizeOf(path)) !== undefined) throw blobFinished();
      if (((await sizeOf(path + unfinished)) ?? 0) !== offset) throw wrongOffset();
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const file = await open(path + unfinished, "a", 0o600);
      try {
        return await append(file, offset, data);
      } finally {
        await file.sync();
        await file.close();
        if (offset === 0) await syncFolder(dirname(path));
      }
    },

    async finish(id) {
      const path = pathOf(id);
      if ((await sizeOf(path)) !== undefined) return;
      await rename(path + unfinished, path).catch((error: unknown) => {
        throw isMissing(error) ? blobNotFound() : error;
      });
      await syncFolder(dirname(path));
    },

    async *read(id, { from, until }) {
      const file = await open(pathOf(id), "r").catch((error: unknown) => {
        throw isMissing(error) ? blobNotFound() : error;
      });
      try {
        for (let position = from; position < until;) {
          const piece = Buffer.allocUnsafe(Math.min(pieceBytes, until - position));
          const { bytesRead } = await file.read(piece, 0, piece.length, position);
          if (bytesRead === 0) return;
          position += bytesRead;
          yield piece.subarray(0, bytesRead);
        }
      } finally {
        await file.close();
      }
    },

    async delete(id) {
      const path = pathOf(id);
      await rm(path, { force: true });
      await rm(path + unfinished, { force: true });
    },

    async close() {
      // Files are open only while they are used.
    },
  };
}

async function append(
  file: FileHandle,
  offset: number,
  data: AsyncIterable<Uint8Array>,
): Promise<number> {
  let size = offset;
  for await (const piece of data) {
    for (let written = 0; written < piece.length;) {
      const { bytesWritten } = await file.write(piece, written);
      written += bytesWritten;
    }
    size += piece.length;
  }
  return size;
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** A new name is on the disk when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

const isMissing = (error: unknown): boolean =>
  (error as { readonly code?: unknown } | null)?.code === "ENOENT";
