import {
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type ListObjectVersionsOutput,
  type S3Client,
} from "@aws-sdk/client-s3";
import { createS3Client, type S3Location } from "../db/s3-client.ts";

export interface LockedBucketOptions extends S3Location {
  /** The time for which nobody can remove an object, not even an administrator, in milliseconds. */
  readonly retainMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

interface LockedText {
  readonly key: string;
  readonly text: string;
}

/**
 * A bucket with Object Lock, in compliance mode. Such a bucket keeps every version of an object. The
 * reader reads versions, because the lock protects those. Anybody who may delete can put a marker
 * over a locked object and so hide it from a reader of keys.
 */
export class LockedBucket {
  readonly #client: S3Client;
  readonly #options: LockedBucketOptions;

  constructor(options: LockedBucketOptions) {
    this.#client = createS3Client(options);
    this.#options = options;
  }

  async put(key: string, body: string | Uint8Array): Promise<void> {
    const { bucket, now, retainMs } = this.#options;
    await this.#client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: body,
        ...(typeof body === "string" && { ContentType: "text/plain; charset=utf-8" }),
        ChecksumAlgorithm: "SHA256",
        ObjectLockMode: "COMPLIANCE",
        ObjectLockRetainUntilDate: new Date(now() + retainMs),
      }),
    );
  }

  /**
   * Returns the text of the first object whose key begins with `prefix`, in its newest version, or
   * undefined if there is none.
   */
  async readFirst(prefix: string): Promise<string | undefined> {
    for await (const { Versions: [first] = [] } of this.#pages({ Prefix: prefix })) {
      if (first === undefined) continue;
      const { Key, VersionId } = first;
      const wanted = new GetObjectCommand({ Bucket: this.#options.bucket, Key, VersionId });
      const object = await this.#client.send(wanted);
      return (await object.Body?.transformToString()) ?? "";
    }
    return undefined;
  }

  /**
   * Returns the objects whose key begins with `prefix`, each in its newest version, in the order of keys.
   * @param after leaves out this key and those before it
   */
  async readAll(prefix: string, after?: string): Promise<readonly LockedText[]> {
    const keys = new Set<string>();
    for await (const { Versions = [] } of this.#pages({ Prefix: prefix, after }))
      for (const { Key = "" } of Versions) keys.add(Key);
    const found: LockedText[] = [];
    for (const key of keys) found.push({ key, text: (await this.readFirst(key)) ?? "" });
    return found;
  }

  /** Returns the names below `prefix`, up to their next slash. */
  async folders(prefix: string): Promise<readonly string[]> {
    const found: string[] = [];
    const pages = this.#pages({ Prefix: prefix, Delimiter: "/" });
    for await (const { CommonPrefixes = [] } of pages)
      for (const { Prefix = "" } of CommonPrefixes) found.push(Prefix.slice(prefix.length, -1));
    return found;
  }

  close(): void {
    this.#client.destroy();
  }

  /** Versions and markers, page by page, in the order of their keys, newest first. */
  async *#pages({
    after,
    ...range
  }: {
    readonly Prefix: string;
    readonly Delimiter?: string;
    readonly after?: string | undefined;
  }): AsyncGenerator<ListObjectVersionsOutput> {
    const Bucket = this.#options.bucket;
    let from: { KeyMarker?: string; VersionIdMarker?: string } =
      after === undefined ? {} : { KeyMarker: after };
    for (;;) {
      const page = await this.#client.send(
        new ListObjectVersionsCommand({ Bucket, ...range, ...from, MaxKeys: 100 }),
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
}
