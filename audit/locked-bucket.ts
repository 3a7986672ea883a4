import {
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3ServiceException,
  type ListObjectVersionsOutput,
  type ObjectVersion,
  type S3Client,
} from "@aws-sdk/client-s3";
import { createS3Client, type S3Location } from "../db/s3-client.ts";

export interface LockedBucketOptions extends S3Location {
  /** The time for which nobody can remove an object, not even an administrator, in milliseconds. */
  readonly retainMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** The status of a conditional request for an object that exists (RFC 9110 section 15.5.13). */
const EXISTS = 412;
/** Objects that are read at the same time. */
const AT_ONCE = 16;

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
    await this.#put(key, body);
  }

  /**
   * Stores an object that nobody has stored yet. Of several writers at the same time, one succeeds, also where the
   * service does not know the condition: then the object has several versions, and the oldest one counts.
   * @returns whether the oldest version has this text
   */
  async create(key: string, text: string): Promise<boolean> {
    // The condition does not see a version that lies under a deletion marker.
    if ((await this.readOldest(key)) === undefined)
      await this.#put(key, text, { IfNoneMatch: "*" }).catch((error: unknown) => {
        if (!(error instanceof S3ServiceException) || error.$metadata.httpStatusCode !== EXISTS)
          throw error;
      });
    return (await this.readOldest(key)) === text;
  }

  async #put(
    key: string,
    body: string | Uint8Array,
    condition: { readonly IfNoneMatch?: "*" } = {},
  ): Promise<void> {
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
        ...condition,
      }),
    );
  }

  /**
   * Returns the text of the first object whose key begins with `prefix`, in its newest version, or
   * undefined if there is none.
   */
  async readFirst(prefix: string): Promise<string | undefined> {
    for await (const { Versions: [first] = [] } of this.#pages({ Prefix: prefix })) {
      if (first !== undefined) return this.#read(first);
    }
    return undefined;
  }

  /** Returns the text of an object in its oldest version, which nobody can replace; undefined if there is none. */
  async readOldest(key: string): Promise<string | undefined> {
    const [oldest] = await this.readAllOldest(key);
    return oldest?.key === key ? oldest.text : undefined;
  }

  /**
   * Like `readAll`, each in its oldest version: what was stored first counts, whatever was stored over it.
   * @param after leaves out this key and those before it
   */
  async readAllOldest(prefix: string, after = ""): Promise<readonly LockedText[]> {
    const oldest = new Map<string, ObjectVersion>();
    // Versions come with the newest first, so the last one of a key remains. Ceph's gateway returns the key of the marker
    // again if it has several.
    for await (const { Versions = [] } of this.#pages({ Prefix: prefix, after }))
      for (const version of Versions)
        if ((version.Key ?? "") > after) oldest.set(version.Key ?? "", version);
    const found: LockedText[] = [];
    const all = [...oldest];
    for (let at = 0; at < all.length; at += AT_ONCE) {
      const some = all.slice(at, at + AT_ONCE);
      const texts = some.map(async ([key, version]) => ({ key, text: await this.#read(version) }));
      found.push(...(await Promise.all(texts)));
    }
    return found;
  }

  /** Returns the objects whose key begins with `prefix`, each in its newest version, in the order of keys. */
  async readAll(prefix: string): Promise<readonly LockedText[]> {
    const found: LockedText[] = [];
    for (const key of await this.keys(prefix))
      found.push({ key, text: (await this.readFirst(key)) ?? "" });
    return found;
  }

  /** Returns the keys that begin with `prefix`, in their order, those under a deletion marker too. */
  async keys(prefix: string): Promise<readonly string[]> {
    const keys = new Set<string>();
    for await (const { Versions = [] } of this.#pages({ Prefix: prefix }))
      for (const { Key = "" } of Versions) keys.add(Key);
    return [...keys];
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

  async #read({ Key, VersionId }: ObjectVersion): Promise<string> {
    const wanted = new GetObjectCommand({ Bucket: this.#options.bucket, Key, VersionId });
    const object = await this.#client.send(wanted);
    return (await object.Body?.transformToString()) ?? "";
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
      after === undefined || after === "" ? {} : { KeyMarker: after };
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
