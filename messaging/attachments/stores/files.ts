import { open, stat, type FileHandle } from "node:fs/promises";
import { blobNotFound, type ByteRange } from "./blob-store.ts";

/** The number of bytes that are read at once. */
export const pieceBytes = 64 * 1024;

/**
 * Opens a file that must exist.
 * @throws BlobError blob_missing
 */
export async function openExisting(path: string, flags: "r" | "r+"): Promise<FileHandle> {
  try {
    return await open(path, flags);
  } catch (error) {
    throw isMissing(error) ? blobNotFound() : error;
  }
}

/** Reads a range of a file piece by piece. */
export async function* piecesOf(
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

/**
 * Writes all pieces, starting at `offset`.
 * @returns the position after the last byte
 */
export async function writeAt(
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

/** Returns the size of a file in bytes, or undefined if there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Syncs a folder, which makes new names in it durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

const isMissing = (error: unknown): boolean =>
  (error as { readonly code?: unknown } | null)?.code === "ENOENT";
