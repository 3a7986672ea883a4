import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { chunksOf, sealedBytes } from "../../keys/at-rest/blob-layout.ts";
import {
  CHUNK_BYTES,
  CHUNK_OVERHEAD_BYTES,
  SEALED_CHUNK_BYTES,
} from "../../keys/at-rest/blob-seal.ts";
import type { BlobStore } from "./stores/blob-store.ts";
import type { AttachmentRow } from "./upload-row.ts";

/** How far an upload has come: whole chunks in the store, and what follows them in its row. */
export interface UploadProgress {
  readonly chunks: number;
  /** The beginning of the next chunk, sealed. */
  readonly tail: Uint8Array | undefined;
}

/** The bytes of the upload that are there. */
export const offsetOf = (size: number, { chunks, tail }: UploadProgress): number =>
  Math.min(
    chunks * CHUNK_BYTES + (tail === undefined ? 0 : tail.length - CHUNK_OVERHEAD_BYTES),
    size,
  );

/**
 * How far an upload has come as its row says, which knows only what was stored for good; or less, when
 * the store has less. What the store has beyond that was not acknowledged, and is sent again.
 */
export async function progressOf(
  store: Pick<BlobStore, "stored">,
  { id, size, chunks, tail }: Pick<AttachmentRow, "id" | "size" | "chunks" | "tail">,
): Promise<UploadProgress> {
  const wanted = sealedBytes(size, chunks);
  const stored = chunks === 0 ? 0 : await store.stored(id, wanted);
  if (stored === wanted) return { chunks, tail };
  return { chunks: Math.floor(stored / SEALED_CHUNK_BYTES), tail: undefined };
}

export const isWhole = (size: number, { chunks }: UploadProgress): boolean =>
  chunks === chunksOf(size);

/** Says how far the upload has come, unless somebody else did since. @returns whether it is said */
export async function saveProgress(
  client: Client,
  id: Uuid,
  from: UploadProgress,
  to: UploadProgress,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `update attachments set chunks = $2, tail = $3
     where id = $1 and state = 'uploading' and chunks = $4 and tail is not distinct from $5`,
    [id, to.chunks, to.tail ?? null, from.chunks, from.tail ?? null],
  );
  return rowCount === 1;
}
