import type { AttachmentId } from "../../../crypto/wire/ids.ts";
import type { Readable } from "node:stream";
import { DeleteObjectCommand, GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { isUuid } from "../../../crypto/wire/uuid.ts";
import { createS3Client, type S3Location } from "../../../db/s3-client.ts";
import {
  blobFinished,
  blobNotFound,
  invalidBlobId,
  PART_BYTES,
  wrongSize,
  type BlobStore,
  type ByteRange,
} from "./blob-store.ts";
import { isPastTheEnd, sizeOf, unlessMissing } from "./s3-objects.ts";
import { deleteTails, putTail, tailBefore, tailSize } from "./s3-tails.ts";
import * as uploads from "./s3-upload.ts";

/** Opens a store of blobs in a bucket. */
export const s3Store = (location: S3Location): BlobStore => new S3Store(location);

/**
 * Stores blobs as objects `attachments/<id>` of one bucket. A blob that is not final is a multipart
 * upload with parts of one size. (S3 requires at least 5 MiB per part and allows 10,000 parts.) The
 * bytes that do not fill a part are in `attachments/<id>.tail.<part>`. An upload holds at most two
 * parts in memory. This object keeps no state, so any node can continue an upload of another.
 */
class S3Store implements BlobStore {
  readonly bytesPerPut = PART_BYTES;
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(location: S3Location) {
    this.#client = createS3Client(location);
    this.#bucket = location.bucket;
  }

  async stored(id: AttachmentId, most: number): Promise<number> {
    const [client, place] = [this.#client, this.#placeOf(id)];
    const final = await sizeOf(client, place);
    if (final !== undefined) return Math.min(final, most);
    const upload = await uploads.findUpload(client, place, most);
    if (upload === undefined) return 0;
    return Math.min(uploads.bytesOf(upload) + (await tailSize(client, place, upload)), most);
  }

  async put(id: AttachmentId, offset: number, data: AsyncIterable<Uint8Array>): Promise<number> {
    const [client, place] = [this.#client, this.#placeOf(id)];
    if ((await sizeOf(client, place)) !== undefined) throw blobFinished();
    const upload =
      (await uploads.findUpload(client, place, offset)) ??
      (await uploads.beginUpload(client, place));
    const tail = await tailBefore(client, place, upload, offset);
    const buffer = Buffer.allocUnsafe(PART_BYTES);
    buffer.set(tail);
    let filled = tail.length;
    try {
      for await (const piece of data)
        for (let from = 0; from < piece.length;) {
          const taken = piece.subarray(from, from + PART_BYTES - filled);
          buffer.set(taken, filled);
          filled += taken.length;
          from += taken.length;
          if (filled < PART_BYTES) continue;
          await uploads.putPart(client, place, upload, buffer);
          filled = 0;
        }
    } finally {
      if (filled > 0) await putTail(client, place, upload, buffer.subarray(0, filled));
    }
    return uploads.bytesOf(upload) + filled;
  }

  async finish(id: AttachmentId, size: number): Promise<void> {
    const [client, place] = [this.#client, this.#placeOf(id)];
    if ((await sizeOf(client, place)) === undefined) {
      const upload = await uploads.findUpload(client, place, size);
      if (upload === undefined) throw blobNotFound();
      const tail = await tailBefore(client, place, upload, size);
      if (tail.length > 0) await uploads.putPart(client, place, upload, tail);
      await uploads.completeUpload(client, place, upload);
    }
    await deleteTails(client, place);
  }

  async read(
    id: AttachmentId,
    size: number,
    { from, until }: ByteRange,
  ): Promise<AsyncIterable<Uint8Array>> {
    const Range = `bytes=${from}-${until - 1}`;
    const asked = this.#client.send(new GetObjectCommand({ ...this.#placeOf(id), Range }));
    const object = await unlessMissing(asked).catch((error: unknown) => {
      throw isPastTheEnd(error) ? wrongSize() : error;
    });
    if (object?.Body === undefined) throw blobNotFound();
    const body = object.Body as Readable;
    if (object.ContentRange?.endsWith(`/${size}`) === true) return body;
    body.destroy();
    throw wrongSize();
  }

  async delete(id: AttachmentId): Promise<void> {
    const [client, place] = [this.#client, this.#placeOf(id)];
    await uploads.abortUploads(client, place);
    await client.send(new DeleteObjectCommand(place));
    await deleteTails(client, place);
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  /** @throws BlobError invalid_blob_id */
  #placeOf(id: AttachmentId): uploads.Place {
    if (!isUuid(id)) throw invalidBlobId();
    return { Bucket: this.#bucket, Key: `attachments/${id}` };
  }
}
