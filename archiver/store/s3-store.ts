import { LockedBucket, type LockedBucketOptions } from "../../audit/locked-bucket.ts";
import type { RecordStore } from "./record-store.ts";

export interface S3StoreOptions extends LockedBucketOptions {
  /** The prefix of the keys, such as `records/`. */
  readonly prefix: string;
}

/** Locked objects in a bucket with Object Lock. Of several versions of an object, the oldest one counts. */
export function s3Store({ prefix, ...options }: S3StoreOptions): RecordStore {
  const bucket = new LockedBucket(options);
  return {
    create: (name, text) => bucket.create(prefix + name, text),
    read: (name) => bucket.readOldest(prefix + name),
    names: async (below) =>
      (await bucket.keys(prefix + below)).map((key) => key.slice(prefix.length)).toSorted(),
    close: () => bucket.close(),
  };
}
