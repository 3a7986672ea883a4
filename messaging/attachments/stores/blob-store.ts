import type { Uuid } from "../../../crypto/wire/uuid.ts";

/** Bytes from `from` up to, not including, `until`. */
export interface ByteRange {
  readonly from: number;
  readonly until: number;
}

/**
 * Where the bytes of attachments are. A blob grows from its start by `put`, until `finish` makes it
 * final. One writer at a time; two that write the same bytes do no harm.
 */
export interface BlobStore {
  /** Bytes stored so far; undefined when there is no such blob. */
  size(id: Uuid): Promise<number | undefined>;
  /**
   * Appends what `data` yields. When `data` throws, what came before stays stored, and this throws
   * the same.
   * @param offset the blob's present size; 0 begins one
   * @returns the size after it; these bytes outlive a crash
   * @throws BlobError wrong_offset, blob_finished
   */
  put(id: Uuid, offset: number, data: AsyncIterable<Uint8Array>): Promise<number>;
  /** Makes a blob final, at once or not at all; again changes nothing. @throws BlobError blob_missing */
  finish(id: Uuid): Promise<void>;
  /** Bytes of a final blob. @throws BlobError blob_missing, before or at the first piece */
  read(id: Uuid, range: ByteRange): AsyncIterable<Uint8Array>;
  /** Removes a blob, final or not; one that is not there is no error. */
  delete(id: Uuid): Promise<void>;
  /** Lets go of connections. */
  close(): Promise<void>;
}

export type BlobErrorCode =
  | "wrong_offset" // not where the blob ends
  | "blob_finished" // the blob is final
  | "blob_missing" // no such blob
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
  new BlobError("wrong_offset", "The blob does not end there.");
export const blobFinished = (): BlobError => new BlobError("blob_finished", "The blob is final.");
export const invalidBlobId = (): BlobError => new BlobError("invalid_blob_id", "Not a blob's id.");
