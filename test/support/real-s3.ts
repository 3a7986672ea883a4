import { randomUUID } from "node:crypto";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { startRadosgw, type Radosgw } from "./radosgw.ts";

export interface RealS3 {
  readonly client: S3Client;
  /** What a store must be told to reach it. */
  readonly options: {
    readonly region: string;
    readonly endpoint: string;
    readonly credentials?: Radosgw["credentials"];
  };
  /** @returns its name */
  newBucket(kind: "plain" | "with Object Lock"): Promise<string>;
  close(): Promise<void>;
}

/**
 * Debian's radosgw, or the service that S3_TEST_ENDPOINT names: then the AWS variables name an account
 * that may make buckets.
 */
export async function startRealS3(): Promise<RealS3> {
  const named = process.env["S3_TEST_ENDPOINT"];
  const gateway = named === undefined ? await startRadosgw() : undefined;
  const options = {
    region: "us-east-1",
    endpoint: named ?? gateway?.endpoint ?? "",
    ...(gateway && { credentials: gateway.credentials }),
  };
  const client = new S3Client({ ...options, forcePathStyle: true });
  return {
    client,
    options,
    async newBucket(kind) {
      const Bucket = `sealdesk-test-${randomUUID()}`;
      const ObjectLockEnabledForBucket = kind === "with Object Lock";
      await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket }));
      return Bucket;
    },
    async close() {
      client.destroy();
      await gateway?.close();
    },
  };
}
