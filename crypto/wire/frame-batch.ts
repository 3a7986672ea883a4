import { wireLimits } from "./frame.ts";
import { WireError } from "./wire-error.ts";

/** The media type of frames in the body of an HTTP message. */
export const frameBatchType = "application/vnd.sealdesk.frames";

/** Largest size of a batch in bytes. It fits any frame, or many small ones. */
export const maxBatchBytes = 1024 * 1024;

/** Most frames of a batch. The reader decodes a batch in one go and does nothing else meanwhile. */
const maxBatchFrames = 1024;

const lengthBytes = 4;

/** Bytes that a frame takes in a batch. */
const sizeInBatch = (frame: Uint8Array): number => lengthBytes + frame.length;

/** Returns how many of these frames, from the first on, fit one batch. */
export function countForBatch(frames: readonly Uint8Array[]): number {
  let bytes = 0;
  const past = frames
    .slice(0, maxBatchFrames)
    .findIndex((frame) => (bytes += sizeInBatch(frame)) > maxBatchBytes);
  return past === -1 ? Math.min(frames.length, maxBatchFrames) : past;
}

/** Concatenates frames, each after its length in 4 bytes, big-endian. */
export function joinFrames(frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const batch = new Uint8Array(frames.reduce((sum, frame) => sum + sizeInBatch(frame), 0));
  const view = new DataView(batch.buffer);
  let at = 0;
  for (const frame of frames) {
    view.setUint32(at, frame.length);
    batch.set(frame, at + lengthBytes);
    at += sizeInBatch(frame);
  }
  return batch;
}

/**
 * Returns the frames of a batch as views into it.
 * @throws WireError malformed_frame
 */
export function splitFrames(batch: Uint8Array): Uint8Array[] {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const frames: Uint8Array[] = [];
  for (let at = 0; at < batch.length;) {
    const from = at + lengthBytes;
    const length = from <= batch.length ? view.getUint32(at) : Infinity;
    const isTooMany = frames.length === maxBatchFrames;
    if (isTooMany || length > wireLimits.frame || from + length > batch.length)
      throw new WireError("malformed_frame", "This is not a batch of frames.");
    frames.push(batch.subarray(from, from + length));
    at = from + length;
  }
  return frames;
}
