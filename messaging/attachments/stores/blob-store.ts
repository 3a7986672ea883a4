import type { AttachmentId } from "../../../crypto/wire/ids.ts";
import { SEALED_CHUNK_BYTES } from "../../../keys/at-rest/blob-seal.ts";

/** The bytes from `from` up to, but not including, `until`. */
export interface ByteRange {
  readonly from: number;
  readonly until: number;
}

/**
 * Number of sealed chunks in a part. A store may write parts as units. Each part starts at a
 * multiple of this number.
 */
export const CHUNKS_PER_PART = 128;
export const PART_BYTES = CHUNKS_PER_PART * SEALED_CHUNK_BYTES;

/**
 * Stores the sealed bytes of attachments. `put` extends a blob until `finish` makes it final. The
 * store does not decide how far an upload has come. A `put` may begin before the end of the stored
 * bytes; the bytes after its offset are then obsolete.
 */
export interface BlobStore {
  /** The largest number of bytes that a running `put` keeps in memory. */
  readonly bytesPerPut: number;
  /**
   * Returns how many bytes are stored from the beginning, `most` at the most. The blob may be final
   * or not.
   */
  stored(id: AttachmentId, most: number): Promise<number>;
  /**
   * Stores what `data` yields, from `offset` on. If `data` throws, everything before stays stored,
   * and this throws the same error.
   * @param offset a multiple of the size of a sealed chunk
   * @returns the end of the stored bytes, which survive a crash
   * @throws BlobError wrong_offset, if fewer bytes are stored; blob_finished
   */
  put(id: AttachmentId, offset: number, data: AsyncIterable<Uint8Array>): Promise<number>;
  /**
   * Makes the first `size` bytes a final blob, atomically. A second call changes nothing.
   * @throws BlobError blob_missing; wrong_offset, if fewer bytes are stored
   */
  finish(id: AttachmentId, size: number): Promise<void>;
  /**
   * Reads bytes of a final blob.
   * @param size expected size of the whole blob
   * @throws BlobError blob_missing, wrong_size
   */
  read(id: AttachmentId, size: number, range: ByteRange): Promise<AsyncIterable<Uint8Array>>;
  /** Removes a blob, final or not. Does nothing if there is none. */
  delete(id: AttachmentId): Promise<void>;
  /** Closes connections. */
  close(): Promise<void>;
}

export type BlobErrorCode =
  | "wrong_offset" // the blob ends before it
  | "blob_finished" // the blob is final
  | "blob_missing" // no such blob
  | "wrong_size" // the blob is shorter or longer than it was
  | "invalid_blob_id"; // not a UUID: it never becomes a path or a key

export class BlobError extends Error {
  override readonly name = "BlobError";
  readonly code: BlobErrorCode;
  constructor(code: BlobErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export const blobNotFound = (): BlobError =>
  new BlobError("blob_missing", "There is no such blob.");
export const wrongOffset = (): BlobError =>
  new BlobError("wrong_offset", "The blob ends before this offset.");
export const wrongSize = (): BlobError =>
  new BlobError("wrong_size", "The size of the blob has changed.");
export const blobFinished = (): BlobError => new BlobError("blob_finished", "The blob is final.");
export const invalidBlobId = (): BlobError =>
  new BlobError("invalid_blob_id", "This is not the id of a blob.");
