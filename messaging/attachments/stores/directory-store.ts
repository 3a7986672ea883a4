import type { FileHandle } from "node:fs/promises";
import { constants, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isUuid, type Uuid } from "../../../crypto/wire/uuid.ts";
import {
  blobFinished,
  blobNotFound,
  invalidBlobId,
  wrongOffset,
  wrongSize,
  type ByteRange,
  type BlobStore,
} from "./blob-store.ts";

const unfinished = ".part";
const pieceBytes = 64 * 1024;

/**
 * Stores blobs as files in a folder, which is created when needed. A growing blob is
 * `ab/abcd....part`. It is renamed when it is final. `put` and `finish` return after the data is
 * synced to disk.
 */
export function directoryStore(folder: string): BlobStore {
  function pathOf(id: Uuid): string {
    if (!isUuid(id)) throw invalidBlobId();
    return join(folder, id.slice(-2), id);
  }

  return {
    bytesPerPut: 4 * pieceBytes,

    async stored(id, most) {
      const path = pathOf(id);
      const size = (await sizeOf(path)) ?? (await sizeOf(path + unfinished)) ?? 0;
      return Math.min(size, most);
    },

    async put(id, offset, data) {
      const path = pathOf(id);
      if ((await sizeOf(path)) !== undefined) throw blobFinished();
      const before = await sizeOf(path + unfinished);
      if ((before ?? 0) < offset) throw wrongOffset();
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      // The file is not truncated to `offset`, because another node may have written and
      // acknowledged more.
      const file = await open(path + unfinished, constants.O_RDWR | constants.O_CREAT, 0o600);
      try {
        return await write(file, offset, data);
      } finally {
        await file.sync();
        await file.close();
        if (before === undefined) await syncFolder(dirname(path));
      }
    },

    async finish(id, size) {
      const path = pathOf(id);
      if ((await sizeOf(path)) !== undefined) return;
      const file = await openExisting(path + unfinished, "r+");
      try {
        if ((await file.stat()).size < size) throw wrongOffset();
        await file.truncate(size);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(path + unfinished, path);
      await syncFolder(dirname(path));
    },

    async read(id, size, range) {
      const path = pathOf(id);
      const found = await sizeOf(path);
      if (found === undefined) throw blobNotFound();
      if (found !== size) throw wrongSize();
      return piecesOf(path, range);
    },

    async delete(id) {
      const path = pathOf(id);
      // Keep this order. Otherwise `finish` could rename in between and leave a file that nobody
      // removes.
      await rm(path + unfinished, { force: true });
      await rm(path, { force: true });
    },

    async close() {
      // Files are open only while they are used.
    },
  };
}

async function openExisting(path: string, flags: "r" | "r+"): Promise<FileHandle> {
  try {
    return await open(path, flags);
  } catch (error) {
    throw isMissing(error) ? blobNotFound() : error;
  }
}

async function* piecesOf(
  path: string,
  { from, until }: ByteRange,
): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await openExisting(path, "r");
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
}

async function write(
  file: FileHandle,
  offset: number,
  data: AsyncIterable<Uint8Array>,
): Promise<number> {
  let position = offset;
  for await (const piece of data)
    for (let written = 0; written < piece.length;) {
      const length = piece.length - written;
      const { bytesWritten } = await file.write(piece, written, length, position);
      written += bytesWritten;
      position += bytesWritten;
    }
  return position;
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Syncs a folder, which makes new names in it durable. */
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
