import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { readFirst } from "../s3-versions.ts";
import type { ArchiveStore } from "./archive-store.ts";

export interface S3ArchiveOptions {
  /** The bucket must have Object Lock. */
  readonly bucket: string;
  /** The prefix of this log's keys, such as `audit-archive/demo/`. */
  readonly prefix: string;
  readonly region: string;
  /** The endpoint of an S3 service that is not Amazon's. Buckets are addressed by path. */
  readonly endpoint: string | undefined;
  /**
   * The time for which an object is locked (compliance mode). Nobody, not even an administrator,
   * can remove it earlier.
   */
  readonly retainMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** If undefined, the AWS SDK looks for credentials itself. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/**
 * Returns a log's files as locked objects. Every checkpoint is kept as a version of its object,
 * because a bucket with Object Lock keeps versions.
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
