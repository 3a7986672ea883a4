import type { AttachmentId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { chunksOf, sealedBytes } from "../../keys/at-rest/blob-layout.ts";
import {
  CHUNK_BYTES,
  CHUNK_OVERHEAD_BYTES,
  SEALED_CHUNK_BYTES,
} from "../../keys/at-rest/blob-seal.ts";
import type { BlobStore } from "./stores/blob-store.ts";
import type { AttachmentRow } from "./upload-row.ts";

/** Progress of an upload: how many full chunks the store has, and the rest, which is in the row. */
export interface UploadProgress {
  readonly chunks: number;
  /** The beginning of the next chunk, sealed. */
  readonly tail: Uint8Array | undefined;
}

/** Returns how many bytes of the upload are stored. */
export const offsetOf = (size: number, { chunks, tail }: UploadProgress): number =>
  Math.min(
    chunks * CHUNK_BYTES + (tail === undefined ? 0 : tail.length - CHUNK_OVERHEAD_BYTES),
    size,
  );

/**
 * Returns the progress in the upload's row, or less if the store has less. The row counts only
 * bytes that are stored durably. Bytes in the store beyond that were not acknowledged and will be
 * sent again.
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

/**
 * Saves the progress, unless another request changed it in the meantime. Once bytes have arrived, the
 * upload expires at `expiresAtMs`.
 * @returns whether it was saved
 */
export async function saveProgress(
  client: Client,
  id: AttachmentId,
  from: UploadProgress,
  to: UploadProgress & { readonly received: number; readonly expiresAtMs: number },
): Promise<boolean> {
  const { rowCount } = await client.query(
    `update attachments set chunks = $2, tail = $3, received = $6::bigint,
       expires_at_ms = case when $6::bigint > 0 then $7::bigint else expires_at_ms end
     where id = $1 and state = 'uploading' and chunks = $4 and tail is not distinct from $5`,
    [id, to.chunks, to.tail ?? null, from.chunks, from.tail ?? null, to.received, to.expiresAtMs],
  );
  return rowCount === 1;
}
