import {
  GetObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsOutput,
  type S3Client,
} from "@aws-sdk/client-s3";

/**
 * Returns the text of the first object whose key begins with `Prefix`, in its newest version, or
 * undefined if there is none. It reads versions, because the lock protects those. A user who may
 * delete can put a marker over a locked object, which hides it from a reader of keys.
 */
export async function readFirst(
  client: S3Client,
  { Bucket, Prefix }: { readonly Bucket: string; readonly Prefix: string },
): Promise<string | undefined> {
  for await (const { Versions: [first] = [] } of versionPages(client, { Bucket, Prefix })) {
    if (first === undefined) continue;
    const { Key, VersionId } = first;
    const object = await client.send(new GetObjectCommand({ Bucket, Key, VersionId }));
    return (await object.Body?.transformToString()) ?? "";
  }
  return undefined;
}

/** Versions and markers, page by page, in the order of their keys, newest first. */
export async function* versionPages(
  client: S3Client,
  range: { readonly Bucket: string; readonly Prefix: string; readonly Delimiter?: string },
): AsyncGenerator<ListObjectVersionsOutput> {
  let from: { KeyMarker?: string; VersionIdMarker?: string } = {};
  for (;;) {
    const page = await client.send(
      new ListObjectVersionsCommand({ ...range, ...from, MaxKeys: 100 }),
    );
    yield page;
    const { IsTruncated, NextKeyMarker, NextVersionIdMarker } = page;
    if (IsTruncated !== true || NextKeyMarker === undefined) return;
    from = {
      KeyMarker: NextKeyMarker,
      ...(NextVersionIdMarker !== undefined && { VersionIdMarker: NextVersionIdMarker }),
    };
  }
}
