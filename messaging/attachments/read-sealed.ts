import type { AttachmentId } from "../../crypto/wire/ids.ts";
import { placeOf, sealedBytes } from "../../keys/at-rest/blob-layout.ts";
import { CHUNK_BYTES, SEALED_CHUNK_BYTES, type BlobSeal } from "../../keys/at-rest/blob-seal.ts";
import type { BlobStore, ByteRange } from "./stores/blob-store.ts";

/**
 * Reads a range of a final blob and opens its chunks one at a time. No byte of a chunk is returned
 * before the whole chunk is verified.
 * @param range must not be empty
 * @throws BlobError blob_missing, wrong_size; KeysError seal_broken at the first altered chunk
 */
export async function* readSealed(
  store: BlobStore,
  seal: BlobSeal,
  { id, size }: { readonly id: AttachmentId; readonly size: number },
  { from, until }: ByteRange,
): AsyncGenerator<Uint8Array, void, undefined> {
  const first = Math.floor(from / CHUNK_BYTES);
  const end = Math.ceil(until / CHUNK_BYTES);
  const range = { from: first * SEALED_CHUNK_BYTES, until: sealedBytes(size, end) };
  const stored = await store.read(id, sealedBytes(size), range);
  let index = first;
  for await (const sealed of inPieces(stored, SEALED_CHUNK_BYTES)) {
    const plain = seal.open(placeOf(size, index), sealed);
    const start = index * CHUNK_BYTES;
    yield plain.subarray(Math.max(0, from - start), until - start);
    index++;
  }
  // There were fewer chunks than expected, because the blob became shorter during the read.
  if (index < end) seal.open(placeOf(size, index), new Uint8Array(0));
}

/**
 * Returns the same bytes in pieces of `length`. The last piece may be shorter. The next piece
 * overwrites the previous one.
 */
async function* inPieces(
  data: AsyncIterable<Uint8Array>,
  length: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const piece = Buffer.allocUnsafe(length);
  let filled = 0;
  for await (const bytes of data)
    for (let from = 0; from < bytes.length;) {
      const taken = bytes.subarray(from, from + length - filled);
      piece.set(taken, filled);
      filled += taken.length;
      from += taken.length;
      if (filled < length) continue;
      yield piece;
      filled = 0;
    }
  if (filled > 0) yield piece.subarray(0, filled);
}
