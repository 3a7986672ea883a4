import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { isUuid } from "../../crypto/wire/uuid.ts";
import type { LogId } from "../logs.ts";
import { readFirst, versionPages } from "../s3-versions.ts";
import type { CheckpointStore } from "./checkpoint-store.ts";

export interface S3CheckpointOptions {
  readonly bucket: string;
  readonly region: string;
  /** For services other than Amazon's; addressed by path. */
  readonly endpoint: string | undefined;
  /** Nobody removes an object earlier, an administrator included (Object Lock, compliance mode). */
  readonly retainMs: number;
  /** At most one object a log in this time: a busy log signs several times a second. */
  readonly everyMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Undefined: as the AWS SDK finds them. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

const prefix = "audit-checkpoints/";

/**
 * Checkpoints as locked objects of a bucket with Object Lock. Sizes are written so that the largest
 * comes first in the bucket's order: the latest is found with one listing.
 */
export function s3Checkpoints(options: S3CheckpointOptions): CheckpointStore {
  const { bucket: Bucket, region, endpoint, credentials, retainMs, everyMs, now } = options;
  const client = new S3Client({
    region,
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    ...(credentials && { credentials }),
  });
  const putAt = new Map<LogId, number>();
  const keyOf = (log: LogId, size: number) =>
    `${prefix}${log}/${String(Number.MAX_SAFE_INTEGER - size).padStart(16, "0")}`;

  async function logs(): Promise<LogId[]> {
    const found: LogId[] = [];
    const pages = versionPages(client, { Bucket, Prefix: prefix, Delimiter: "/" });
    for await (const { CommonPrefixes = [] } of pages)
      for (const { Prefix = "" } of CommonPrefixes) {
        const log = Prefix.slice(prefix.length, -1);
        if (isUuid(log)) found.push(log);
      }
    return found;
  }

  async function latest(log: LogId) {
    const note = await readFirst(client, { Bucket, Prefix: `${prefix}${log}/` });
    return { log, note: note ?? "" };
  }

  return {
    all: async () => Promise.all((await logs()).map(latest)),

    async put(log, size, note) {
      const at = now();
      if (at - (putAt.get(log) ?? -Infinity) < everyMs) return;
      await client.send(
        new PutObjectCommand({
          Bucket,
          Key: keyOf(log, size),
          Body: note,
          ContentType: "text/plain; charset=utf-8",
          ChecksumAlgorithm: "SHA256",
          ObjectLockMode: "COMPLIANCE",
          ObjectLockRetainUntilDate: new Date(at + retainMs),
        }),
      );
      putAt.set(log, at);
    },

    async close() {
      client.destroy();
    },
  };
}
