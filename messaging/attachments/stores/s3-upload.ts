import {
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type CompletedPart,
  type S3Client,
} from "@aws-sdk/client-s3";
import { PART_BYTES } from "./blob-store.ts";

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
