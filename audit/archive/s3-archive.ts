import { LockedBucket, type LockedBucketOptions } from "../locked-bucket.ts";
import type { ArchiveStore } from "./archive-store.ts";

export interface S3ArchiveOptions extends LockedBucketOptions {
  /** The prefix of this log's keys, such as `audit-archive/demo/`. */
  readonly prefix: string;
}

/**
 * Returns an archive that keeps a log's files as locked objects. Every checkpoint is a version of
 * its object, because a bucket with Object Lock keeps versions.
 */
export function s3Archive({ prefix, ...options }: S3ArchiveOptions): ArchiveStore {
  const bucket = new LockedBucket(options);
  return {
    checkpoint: () => bucket.readFirst(`${prefix}checkpoint`),
    put: (path, bytes) => bucket.put(`${prefix}${path}`, bytes),
    async close() {
      bucket.close();
    },
  };
}
