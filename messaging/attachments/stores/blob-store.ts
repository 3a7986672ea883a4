import type { Uuid } from "../../../crypto/wire/uuid.ts";
import { SEALED_CHUNK_BYTES } from "../../../keys/at-rest/blob-seal.ts";

/** Bytes from `from` up to, not including, `until`. */
export interface ByteRange {
  readonly from: number;
  readonly until: number;
}

/** Sealed chunks that a store may keep together, and always in places that are multiples of it. */
export const CHUNKS_PER_PART = 128;
export const PART_BYTES = CHUNKS_PER_PART * SEALED_CHUNK_BYTES;

/**
 * Where the sealed bytes of attachments are. A blob grows by `put`, until `finish` makes it final. How
 * far an upload has come is not for the store to say: whoever puts may begin before the end of what
 * stands, and what stood behind is of no use any more.
 */
export interface BlobStore {
  /** How many bytes stand from the beginning on, up to `most`, of a final blob or of one that grows. */
  stored(id: Uuid, most: number): Promise<number>;
  /**
   * Puts what `data` yields from `offset` on. When `data` throws, what came before stays stored, and
   * this throws the same.
   * @param offset a multiple of the size of a sealed chunk
   * @returns where the bytes end; these bytes outlive a crash
   * @throws BlobError wrong_offset, when fewer bytes stand; blob_finished
   */
  put(id: Uuid, offset: number, data: AsyncIterable<Uint8Array>): Promise<number>;
  /**
   * Makes the first `size` bytes a final blob, at once or not at all; again changes nothing.
   * @throws BlobError blob_missing, wrong_offset, when fewer bytes stand
   */
  finish(id: Uuid, size: number): Promise<void>;
  /**
   * Bytes of a final blob.
   * @param size what the whole blob must have
   * @throws BlobError blob_missing, wrong_size
   */
  read(id: Uuid, size: number, range: ByteRange): Promise<AsyncIterable<Uint8Array>>;
  /** Removes a blob, final or not; one that is not there is no error. */
  delete(id: Uuid): Promise<void>;
  /** Lets go of connections. */
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
export const wrongOffset = (): BlobError => new BlobError("wrong_offset", "The blob ends before.");
export const wrongSize = (): BlobError =>
  new BlobError("wrong_size", "The blob is not of the size it had.");
export const blobFinished = (): BlobError => new BlobError("blob_finished", "The blob is final.");
export const invalidBlobId = (): BlobError => new BlobError("invalid_blob_id", "Not a blob's id.");
