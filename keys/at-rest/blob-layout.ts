import {
  CHUNK_BYTES,
  CHUNK_OVERHEAD_BYTES,
  SEALED_CHUNK_BYTES,
  type ChunkPlace,
} from "./blob-seal.ts";

/** How many chunks a blob of `size` bytes has. */
export const chunksOf = (size: number): number => Math.ceil(size / CHUNK_BYTES);

/** How many bytes the first `chunks` chunks of a blob of `size` bytes take when they are sealed. */
export const sealedBytes = (size: number, chunks: number = chunksOf(size)): number =>
  Math.min(chunks * SEALED_CHUNK_BYTES, size + chunksOf(size) * CHUNK_OVERHEAD_BYTES);

/** Where the chunk `index` of a blob of `size` bytes stands. */
export const placeOf = (size: number, index: number): ChunkPlace => ({
  index,
  kind: index === chunksOf(size) - 1 ? "last" : "middle",
});
