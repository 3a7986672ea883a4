import type { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  NotFound,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { isUuid, type Uuid } from "../../../crypto/wire/uuid.ts";
import {
  blobFinished,
  blobNotFound,
  invalidBlobId,
  PART_BYTES,
  wrongOffset,
  wrongSize,
  type BlobStore,
} from "./blob-store.ts";
import { bytesOf, findUpload, type MultipartUpload } from "./s3-upload.ts";

export interface S3Options {
  readonly bucket: string;
  readonly region: string;
  /** URL of a service other than Amazon's, which is addressed with path-style URLs. */
  readonly endpoint: string | undefined;
  /** If undefined, the AWS SDK finds credentials (environment, files, instance roles). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/**
 * Stores blobs as objects `attachments/<id>` of one bucket. A blob that is not final is a multipart
 * upload with parts of one size. (S3 requires at least 5 MiB per part and allows 10,000 parts.) The
 * bytes that do not fill a part are in `attachments/<id>.tail.<part>`. An upload holds at most two
 * parts in memory. This object keeps no state, so any node can continue an upload of another.
 */
export function s3Store({ bucket, region, endpoint, credentials }: S3Options): BlobStore {
  const client = new S3Client({
    region,
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    ...(credentials && { credentials }),
  });
  const place = (id: Uuid) => {
    if (!isUuid(id)) throw invalidBlobId();
    return { Bucket: bucket, Key: `attachments/${id}` };
  };
  // There is one tail for each part in which a request ended. So a node that stores bytes and
  // crashes before it updates the row does not overwrite an earlier tail.
  const tailOf = (id: Uuid, { parts }: MultipartUpload) => ({
    Bucket: bucket,
    Key: `${place(id).Key}.tail.${parts.length}`,
  });
  const objectSize = async (object: { Bucket: string; Key: string }) => {
    const head = await unlessMissing(client.send(new HeadObjectCommand(object)));
    return head && (head.ContentLength ?? 0);
  };
  const begin = async (id: Uuid): Promise<MultipartUpload> => {
    const { UploadId = "" } = await client.send(new CreateMultipartUploadCommand(place(id)));
    return { uploadId: UploadId, parts: [] };
  };
  async function readTail(id: Uuid, upload: MultipartUpload): Promise<Uint8Array> {
    const tail = await unlessMissing(client.send(new GetObjectCommand(tailOf(id, upload))));
    return (await tail?.Body?.transformToByteArray()) ?? new Uint8Array(0);
  }
  async function deleteTails(id: Uuid): Promise<void> {
    const Prefix = `${place(id).Key}.tail.`;
    for (;;) {
      const found = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix }));
      for (const { Key } of found.Contents ?? [])
        await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
      if (found.IsTruncated !== true) return;
    }
  }
  /**
   * Returns the bytes before `offset` that are in no part.
   * @throws BlobError wrong_offset
   */
  async function tailBefore(
    id: Uuid,
    upload: MultipartUpload,
    offset: number,
  ): Promise<Uint8Array> {
    const wanted = offset - bytesOf(upload);
    const tail = wanted === 0 ? new Uint8Array(0) : await readTail(id, upload);
    if (tail.length < wanted) throw wrongOffset();
    return tail.subarray(0, wanted);
  }
  async function putPart(id: Uuid, upload: MultipartUpload, body: Uint8Array): Promise<void> {
    const PartNumber = upload.parts.length + 1;
    const UploadId = upload.uploadId;
    const part = { ...place(id), UploadId, PartNumber, Body: body };
    const { ETag } = await client.send(new UploadPartCommand(part));
    upload.parts.push({ PartNumber, ETag });
  }

  return {
    bytesPerPut: PART_BYTES,

    async stored(id, most) {
      const final = await objectSize(place(id));
      if (final !== undefined) return Math.min(final, most);
      const upload = await findUpload(client, place(id), most);
      if (upload === undefined) return 0;
      return Math.min(bytesOf(upload) + ((await objectSize(tailOf(id, upload))) ?? 0), most);
    },

    async put(id, offset, data) {
      if ((await objectSize(place(id))) !== undefined) throw blobFinished();
      const upload = (await findUpload(client, place(id), offset)) ?? (await begin(id));
      const tail = await tailBefore(id, upload, offset);
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
            await putPart(id, upload, buffer);
            filled = 0;
          }
      } finally {
        if (filled > 0) {
          const Body = buffer.subarray(0, filled);
          await client.send(new PutObjectCommand({ ...tailOf(id, upload), Body }));
        }
      }
      return bytesOf(upload) + filled;
    },

    async finish(id, size) {
      if ((await objectSize(place(id))) === undefined) {
        const upload = await findUpload(client, place(id), size);
        if (upload === undefined) throw blobNotFound();
        const tail = await tailBefore(id, upload, size);
        if (tail.length > 0) await putPart(id, upload, tail);
        await client.send(
          new CompleteMultipartUploadCommand({
            ...place(id),
            UploadId: upload.uploadId,
            MultipartUpload: { Parts: upload.parts },
          }),
        );
      }
      await deleteTails(id);
    },

    async read(id, size, { from, until }) {
      const Range = `bytes=${from}-${until - 1}`;
      const asked = client.send(new GetObjectCommand({ ...place(id), Range }));
      const object = await unlessMissing(asked).catch((error: unknown) => {
        throw isPastTheEnd(error) ? wrongSize() : error;
      });
      if (object?.Body === undefined) throw blobNotFound();
      const body = object.Body as Readable;
      if (object.ContentRange?.endsWith(`/${size}`) === true) return body;
      body.destroy();
      throw wrongSize();
    },

    async delete(id) {
      for (;;) {
        const upload = await findUpload(client, place(id), 0);
        if (upload === undefined) break;
        const UploadId = upload.uploadId;
        await client.send(new AbortMultipartUploadCommand({ ...place(id), UploadId }));
      }
      await client.send(new DeleteObjectCommand(place(id)));
      await deleteTails(id);
    },

    async close() {
      client.destroy();
    },
  };
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof NotFound || error instanceof NoSuchKey) return undefined;
    throw error;
  }
}

const isPastTheEnd = (error: unknown): boolean =>
  (error as { readonly name?: unknown } | null)?.name === "InvalidRange";
