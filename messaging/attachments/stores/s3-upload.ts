import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
  type CompletedPart,
  type S3Client,
} from "@aws-sdk/client-s3";
import { PART_BYTES } from "./blob-store.ts";

/** A bucket and the key of an object in it. */
export interface Place {
  readonly Bucket: string;
  readonly Key: string;
}

/** A multipart upload in progress, with its parts in order. Each part has `PART_BYTES`. */
export interface MultipartUpload {
  readonly uploadId: string;
  readonly parts: CompletedPart[];
}

export const bytesOf = ({ parts }: MultipartUpload): number => parts.length * PART_BYTES;

/**
 * Finds the upload of exactly this key. If two nodes began one, it returns the one with the lower
 * id. It lists the parts before `most`, up to the first gap.
 */
export async function findUpload(
  client: S3Client,
  place: Place,
  most: number,
): Promise<MultipartUpload | undefined> {
  const { Uploads = [] } = await client.send(
    new ListMultipartUploadsCommand({ Bucket: place.Bucket, Prefix: place.Key }),
  );
  const [uploadId] = Uploads.filter(({ Key }) => Key === place.Key)
    .flatMap(({ UploadId }) => UploadId ?? [])
    .toSorted();
  if (uploadId === undefined) return undefined;
  const parts: CompletedPart[] = [];
  const wanted = Math.floor(most / PART_BYTES);
  for (let marker: string | undefined; ;) {
    const page = await client.send(
      new ListPartsCommand({ ...place, UploadId: uploadId, PartNumberMarker: marker }),
    );
    for (const { PartNumber, ETag, Size } of page.Parts ?? []) {
      const isNext = PartNumber === parts.length + 1 && Size === PART_BYTES;
      if (!isNext || parts.length >= wanted) return { uploadId, parts };
      parts.push({ PartNumber, ETag });
    }
    if (page.IsTruncated !== true) return { uploadId, parts };
    marker = page.NextPartNumberMarker;
  }
}

export async function beginUpload(client: S3Client, place: Place): Promise<MultipartUpload> {
  const { UploadId = "" } = await client.send(new CreateMultipartUploadCommand(place));
  return { uploadId: UploadId, parts: [] };
}

/** Stores the next part. Only the last part may be shorter than `PART_BYTES`. */
export async function putPart(
  client: S3Client,
  place: Place,
  { uploadId, parts }: MultipartUpload,
  body: Uint8Array,
): Promise<void> {
  const PartNumber = parts.length + 1;
  const part = { ...place, UploadId: uploadId, PartNumber, Body: body };
  const { ETag } = await client.send(new UploadPartCommand(part));
  parts.push({ PartNumber, ETag });
}

/** Makes the parts one object. */
export async function completeUpload(
  client: S3Client,
  place: Place,
  { uploadId, parts }: MultipartUpload,
): Promise<void> {
  const whole = { ...place, UploadId: uploadId, MultipartUpload: { Parts: parts } };
  await client.send(new CompleteMultipartUploadCommand(whole));
}

/** Removes every upload of this key, with its parts. */
export async function abortUploads(client: S3Client, place: Place): Promise<void> {
  for (;;) {
    const upload = await findUpload(client, place, 0);
    if (upload === undefined) return;
    const { uploadId: UploadId } = upload;
    await client.send(new AbortMultipartUploadCommand({ ...place, UploadId }));
  }
}
