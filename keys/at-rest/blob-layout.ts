import {
  CHUNK_BYTES,
  CHUNK_OVERHEAD_BYTES,
  SEALED_CHUNK_BYTES,
  type ChunkPosition,
} from "./blob-seal.ts";

/** Returns the number of chunks in a blob of `size` bytes. */
export const chunksOf = (size: number): number => Math.ceil(size / CHUNK_BYTES);

/** Returns the sealed length, in bytes, of the first `chunks` chunks of a blob of `size` bytes. */
export const sealedBytes = (size: number, chunks: number = chunksOf(size)): number =>
  Math.min(chunks * SEALED_CHUNK_BYTES, size + chunksOf(size) * CHUNK_OVERHEAD_BYTES);

/** Returns the place of chunk `index` in a blob of `size` bytes. */
export const placeOf = (size: number, index: number): ChunkPosition => ({
  index,
  kind: index === chunksOf(size) - 1 ? "last" : "middle",
});
