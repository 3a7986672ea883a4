import type { AttachmentId } from "../../../crypto/wire/ids.ts";
import { constants, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isUuid } from "../../../crypto/wire/uuid.ts";
import {
  blobFinished,
  blobNotFound,
  invalidBlobId,
  wrongOffset,
  wrongSize,
  type BlobStore,
} from "./blob-store.ts";
import { openExisting, pieceBytes, piecesOf, sizeOf, syncFolder, writeAt } from "./files.ts";

const unfinished = ".part";

/**
 * Stores blobs as files in a folder, which is created when needed. A growing blob is
 * `ab/abcd....part`. It is renamed when it is final. `put` and `finish` return after the data is
 * synced to disk.
 */
export function directoryStore(folder: string): BlobStore {
  function pathOf(id: AttachmentId): string {
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
        return await writeAt(file, offset, data);
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
