import { S3Client } from "@aws-sdk/client-s3";

/** A bucket, and how it is reached. */
export interface S3Location {
  readonly bucket: string;
  readonly region: string;
  /** URL of a service other than Amazon's. Its buckets are addressed by path. */
  readonly endpoint: string | undefined;
  /** If undefined, the AWS SDK finds credentials itself (environment, files, instance roles). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Requests before the client gives up. It waits longer before each one. */
const ATTEMPTS = 3;
const CONNECT_MS = 5_000;
/** S3 may need a minute to put the parts of a large upload together. */
const IDLE_MS = 60_000;

/**
 * The client of every store in a bucket. A request that fails for a passing reason is repeated. A
 * connection on which nothing moves for `idleMs` milliseconds is closed.
 */
export function createS3Client(
  { region, endpoint, credentials }: S3Location,
  idleMs = IDLE_MS,
): S3Client {
  return new S3Client({
    region,
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    ...(credentials && { credentials }),
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: idleMs },
  });
}
