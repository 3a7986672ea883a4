import {
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type CompletedPart,
  type S3Client,
} from "@aws-sdk/client-s3";

/** A multipart upload under way, and the parts it has, in order. */
export interface MultipartUpload {
  readonly uploadId: string;
  readonly parts: CompletedPart[];
  /** Bytes in all parts. */
  bytes: number;
}

/** The upload of exactly this key; the first by its id, should two nodes have begun one. */
export async function findUpload(
  client: S3Client,
  place: { readonly Bucket: string; readonly Key: string },
): Promise<MultipartUpload | undefined> {
  const { Uploads = [] } = await client.send(
    new ListMultipartUploadsCommand({ Bucket: place.Bucket, Prefix: place.Key }),
  );
  const [uploadId] = Uploads.filter(({ Key }) => Key === place.Key)
    .flatMap(({ UploadId }) => UploadId ?? [])
    .toSorted();
  if (uploadId === undefined) return undefined;
  const parts: CompletedPart[] = [];
  let bytes = 0;
  for (let marker: string | undefined; ;) {
    const page = await client.send(
      new ListPartsCommand({ ...place, UploadId: uploadId, PartNumberMarker: marker }),
    );
    for (const { PartNumber, ETag, Size = 0 } of page.Parts ?? []) {
      parts.push({ PartNumber, ETag });
      bytes += Size;
    }
    if (page.IsTruncated !== true) return { uploadId, parts, bytes };
    marker = page.NextPartNumberMarker;
  }
}
