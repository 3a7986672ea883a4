import { streamSizes } from "./secret-stream.ts";

const smallest = 1024;

/**
 * What a plaintext is padded to: at least 1 KiB, and of its binary length only the first few digits,
 * so that a size tells log log of itself and costs at most 12 percent (Padmé, PURBs, PETS 2019).
 */
export function paddedSize(size: number): number {
  if (size <= smallest) return smallest;
  const exponent = binaryDigits(size) - 1;
  const kept = binaryDigits(exponent);
  const step = 2 ** (exponent - kept);
  return Math.ceil(size / step) * step;
}

// Exact for every safe integer, which logarithms are not.
const binaryDigits = (value: number): number => value.toString(2).length;

/** Bytes to upload for `size` bytes of plaintext. */
export function sealedSize(size: number, chunkBytes: number): number {
  const padded = paddedSize(size);
  return streamSizes.header + padded + Math.ceil(padded / chunkBytes) * streamSizes.perChunk;
}
