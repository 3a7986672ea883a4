import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { wrongOffset } from "./blob-store.ts";
import { sizeOf, unlessMissing } from "./s3-objects.ts";
import { bytesOf, type MultipartUpload, type Place } from "./s3-upload.ts";

/**
 * The bytes that do not fill a part are an object beside the upload. There is one for each part in
 * which a request ended. So a node that stores bytes and crashes before it updates the row does not
 * overwrite earlier ones.
 */
const tailOf = ({ Bucket, Key }: Place, { parts }: MultipartUpload): Place => ({
  Bucket,
  Key: `${Key}.tail.${parts.length}`,
});

/** How many bytes of the tail are stored. */
export const tailSize = async (
  client: S3Client,
  place: Place,
  upload: MultipartUpload,
): Promise<number> => (await sizeOf(client, tailOf(place, upload))) ?? 0;

export async function putTail(
  client: S3Client,
  place: Place,
  upload: MultipartUpload,
  body: Uint8Array,
): Promise<void> {
  await client.send(new PutObjectCommand({ ...tailOf(place, upload), Body: body }));
}

/**
 * Returns the bytes before `offset` that are in no part.
 * @throws BlobError wrong_offset
 */
export async function tailBefore(
  client: S3Client,
  place: Place,
  upload: MultipartUpload,
  offset: number,
): Promise<Uint8Array> {
  const wanted = offset - bytesOf(upload);
  if (wanted === 0) return new Uint8Array(0);
  const asked = client.send(new GetObjectCommand(tailOf(place, upload)));
  const tail = await (await unlessMissing(asked))?.Body?.transformToByteArray();
  if (tail === undefined || tail.length < wanted) throw wrongOffset();
  return tail.subarray(0, wanted);
}

export async function deleteTails(client: S3Client, { Bucket, Key }: Place): Promise<void> {
  for (;;) {
    const listed = new ListObjectsV2Command({ Bucket, Prefix: `${Key}.tail.` });
    const { Contents = [], IsTruncated } = await client.send(listed);
    for (const tail of Contents)
      await client.send(new DeleteObjectCommand({ Bucket, Key: tail.Key }));
    if (IsTruncated !== true) return;
  }
}
