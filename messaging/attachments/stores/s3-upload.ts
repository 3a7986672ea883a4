import {
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type CompletedPart,
  type S3Client,
} from "@aws-sdk/client-s3";
import { PART_BYTES } from "./blob-store.ts";

/** A multipart upload under way, and the parts it has, in order; each has `PART_BYTES`. */
export interface MultipartUpload {
  readonly uploadId: string;
  readonly parts: CompletedPart[];
}

export const bytesOf = ({ parts }: MultipartUpload): number => parts.length * PART_BYTES;

/**
 * The upload of exactly this key; the first by its id, should two nodes have begun one. Its parts are
 * those that lie before `most` and have none missing before them.
 */
export async function findUpload(
  client: S3Client,
  place: { readonly Bucket: string; readonly Key: string },
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
