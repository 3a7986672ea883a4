import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
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
  wrongOffset,
  type BlobStore,
} from "./blob-store.ts";
import { findUpload, type MultipartUpload } from "./s3-upload.ts";

/** S3 takes parts of 5 MiB at least, but for the last, and at most 10,000 of them. */
const partBytes = 8 * 1024 * 1024;

export interface S3Options {
  readonly bucket: string;
  readonly region: string;
  /** For services other than Amazon's; addressed by path. */
  readonly endpoint: string | undefined;
  /** Undefined: as the AWS SDK finds them (environment, files, instance roles). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/**
 * Blobs as objects of one bucket, `attachments/<id>`. What is not final yet is a multipart upload of
 * parts of one size, and in `attachments/<id>.tail` what does not fill a part. Holds at most two
 * parts in memory per upload. Nothing is kept here: any node goes on where another stopped.
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
  const tailOf = (id: Uuid) => ({ Bucket: bucket, Key: `${place(id).Key}.tail` });
  const objectSize = async (object: { Bucket: string; Key: string }) => {
    const head = await unlessMissing(client.send(new HeadObjectCommand(object)));
    return head && (head.ContentLength ?? 0);
  };
  const begin = async (id: Uuid): Promise<MultipartUpload> => {
    const { UploadId = "" } = await client.send(new CreateMultipartUploadCommand(place(id)));
    return { uploadId: UploadId, parts: [], bytes: 0 };
  };
  // A tail names the byte it begins at: one whose bytes are in a part by now is none.
  async function readTail(id: Uuid, { bytes }: MultipartUpload): Promise<Uint8Array> {
    const tail = await unlessMissing(client.send(new GetObjectCommand(tailOf(id))));
    if (tail?.Metadata?.["start"] !== String(bytes)) return new Uint8Array(0);
    return (await tail.Body?.transformToByteArray()) ?? new Uint8Array(0);
  }
  async function tailSize(id: Uuid, { bytes }: MultipartUpload): Promise<number> {
    const tail = await unlessMissing(client.send(new HeadObjectCommand(tailOf(id))));
    return tail?.Metadata?.["start"] === String(bytes) ? (tail.ContentLength ?? 0) : 0;
  }
  async function putPart(id: Uuid, upload: MultipartUpload, body: Uint8Array): Promise<void> {
    const PartNumber = upload.parts.length + 1;
    const UploadId = upload.uploadId;
    const part = { ...place(id), UploadId, PartNumber, Body: body };
    const { ETag } = await client.send(new UploadPartCommand(part));
    upload.parts.push({ PartNumber, ETag });
    upload.bytes += body.length;
  }

  return {
    async size(id) {
      const final = await objectSize(place(id));
      if (final !== undefined) return final;
      const upload = await findUpload(client, place(id));
      return upload && upload.bytes + (await tailSize(id, upload));
    },

    async put(id, offset, data) {
      if ((await objectSize(place(id))) !== undefined) throw blobFinished();
      const upload = (await findUpload(client, place(id))) ?? (await begin(id));
      const tail = await readTail(id, upload);
      if (upload.bytes + tail.length !== offset) throw wrongOffset();
      const buffer = Buffer.allocUnsafe(partBytes);
      buffer.set(tail);
      let filled = tail.length;
      try {
        for await (const piece of data)
          for (let from = 0; from < piece.length;) {
            if (filled === partBytes) {
              await putPart(id, upload, buffer);
              filled = 0;
            }
            const taken = piece.subarray(from, from + partBytes - filled);
            buffer.set(taken, filled);
            filled += taken.length;
            from += taken.length;
          }
      } finally {
        if (filled > 0) {
          const Metadata = { start: String(upload.bytes) };
          const Body = buffer.subarray(0, filled);
          await client.send(new PutObjectCommand({ ...tailOf(id), Metadata, Body }));
        }
      }
      return upload.bytes + filled;
    },

    async finish(id) {
      if ((await objectSize(place(id))) === undefined) {
        const upload = await findUpload(client, place(id));
        if (upload === undefined) throw blobNotFound();
        const tail = await readTail(id, upload);
        if (tail.length > 0 || upload.parts.length === 0) await putPart(id, upload, tail);
        await client.send(
          new CompleteMultipartUploadCommand({
            ...place(id),
            UploadId: upload.uploadId,
            MultipartUpload: { Parts: upload.parts },
          }),
        );
      }
      await client.send(new DeleteObjectCommand(tailOf(id)));
    },

    async *read(id, { from, until }) {
      if (until <= from) return;
      const Range = `bytes=${from}-${until - 1}`;
      const object = await unlessMissing(
        client.send(new GetObjectCommand({ ...place(id), Range })),
      );
      if (object?.Body === undefined) throw blobNotFound();
      yield* object.Body as AsyncIterable<Uint8Array>;
    },

    async delete(id) {
      for (;;) {
        const upload = await findUpload(client, place(id));
        if (upload === undefined) break;
        const UploadId = upload.uploadId;
        await client.send(new AbortMultipartUploadCommand({ ...place(id), UploadId }));
      }
      await client.send(new DeleteObjectCommand(place(id)));
      await client.send(new DeleteObjectCommand(tailOf(id)));
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
