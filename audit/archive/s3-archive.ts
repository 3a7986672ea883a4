import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { readFirst } from "../s3-versions.ts";
import type { ArchiveStore } from "./archive-store.ts";

export interface S3ArchiveOptions {
  /** With Object Lock. */
  readonly bucket: string;
  /** What the keys of this log begin with, such as `audit-archive/demo/`. */
  readonly prefix: string;
  readonly region: string;
  /** For services other than Amazon's; addressed by path. */
  readonly endpoint: string | undefined;
  /** Nobody removes an object earlier, an administrator included (compliance mode). */
  readonly retainMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Undefined: as the AWS SDK finds them. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/**
 * A log's files as locked objects. Every checkpoint stays, as a version of its object: a bucket with
 * Object Lock keeps versions.
 */
export function s3Archive(options: S3ArchiveOptions): ArchiveStore {
  const { bucket: Bucket, prefix, region, endpoint, retainMs, now, credentials } = options;
  const client = new S3Client({
    region,
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    ...(credentials && { credentials }),
  });
  return {
    checkpoint: () => readFirst(client, { Bucket, Prefix: `${prefix}checkpoint` }),

    async put(path, bytes) {
      await client.send(
        new PutObjectCommand({
          Bucket,
          Key: `${prefix}${path}`,
          Body: bytes,
          ChecksumAlgorithm: "SHA256",
          ObjectLockMode: "COMPLIANCE",
          ObjectLockRetainUntilDate: new Date(now() + retainMs),
        }),
      );
    },

    async close() {
      client.destroy();
    },
  };
}
