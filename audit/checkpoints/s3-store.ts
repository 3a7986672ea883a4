import { hash } from "node:crypto";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { isUuid } from "../../crypto/wire/uuid.ts";
import type { LogId } from "../logs.ts";
import { readFirst, versionPages } from "../s3-versions.ts";
import type { CheckpointStore } from "./checkpoint-store.ts";
import { orderOf, type HeadOrder } from "./head-order.ts";

export interface S3CheckpointOptions {
  readonly bucket: string;
  readonly region: string;
  /** For S3 services other than Amazon's. Buckets are addressed by path. */
  readonly endpoint: string | undefined;
  /**
   * Until then nobody can remove an object, not even an administrator (Object Lock, compliance
   * mode).
   */
  readonly retainMs: number;
  /**
   * Writes at most one object for each log in this time, because a busy log signs several times a
   * second.
   */
  readonly everyMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** If undefined, the AWS SDK looks for credentials itself. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** The last head that was not written, because one was written a moment before. */
interface Skipped {
  readonly key: string;
  readonly note: string;
}

const prefix = "audit-checkpoints/";
const proofs = `${prefix}proofs/`;
const restores = `${prefix}restores/`;

/**
 * Checkpoints as locked objects of a bucket with Object Lock. The key of an object is written so
 * that the latest head comes first in the bucket's order. One listing therefore finds it.
 */
export function s3Checkpoints(options: S3CheckpointOptions): CheckpointStore {
  const { bucket: Bucket, region, endpoint, credentials, retainMs, everyMs, now } = options;
  const client = new S3Client({
    region,
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    ...(credentials && { credentials }),
  });
  const putAt = new Map<LogId, number>();
  const skipped = new Map<LogId, Skipped>();
  const timers = new Map<LogId, NodeJS.Timeout>();
  const keyOf = (log: LogId, head: HeadOrder) =>
    `${prefix}${log}/${descending(head.restores)}-${descending(head.size)}`;

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

  /** The objects below a prefix, each in its newest version. */
  async function* under(Prefix: string) {
    const keys = new Set<string>();
    for await (const { Versions = [] } of versionPages(client, { Bucket, Prefix }))
      for (const { Key = "" } of Versions) keys.add(Key);
    for (const key of keys)
      yield {
        name: key.slice(Prefix.length),
        note: (await readFirst(client, { Bucket, Prefix: key })) ?? "",
      };
  }

  async function* proofsOf() {
    for await (const { name, note } of under(proofs)) {
      const [log = ""] = name.split("/");
      if (isUuid(log)) yield { log, note };
    }
  }

  async function write(key: string, note: string): Promise<void> {
    await client.send(
      new PutObjectCommand({
        Bucket,
        Key: key,
        Body: note,
        ContentType: "text/plain; charset=utf-8",
        ChecksumAlgorithm: "SHA256",
        ObjectLockMode: "COMPLIANCE",
        ObjectLockRetainUntilDate: new Date(now() + retainMs),
      }),
    );
  }

  /** Writes the last head of an interval when the interval ends. The log may be quiet from then on. */
  function later(log: LogId, object: Skipped, waitMs: number): void {
    skipped.set(log, object);
    if (timers.has(log)) return;
    const timer = setTimeout(() => {
      timers.delete(log);
      // If this fails, the next head is written at once, and this one when the store is closed.
      void writeSkipped(log).catch(() => undefined);
    }, waitMs);
    timers.set(log, timer.unref());
  }

  async function writeSkipped(log: LogId): Promise<void> {
    const object = skipped.get(log);
    if (object === undefined) return;
    skipped.delete(log);
    try {
      await write(object.key, object.note);
    } catch (error) {
      if (!skipped.has(log)) skipped.set(log, object);
      throw error;
    }
    putAt.set(log, now());
  }

  return {
    async all() {
      const found = await Promise.all((await logs()).map(latest));
      for await (const proof of proofsOf()) found.push(proof);
      return found;
    },

    async put(log, size, note) {
      const at = now();
      const key = keyOf(log, { ...orderOf(note), size });
      const waitMs = (putAt.get(log) ?? -Infinity) + everyMs - at;
      if (waitMs > 0) return later(log, { key, note }, waitMs);
      skipped.delete(log);
      await write(key, note);
      putAt.set(log, at);
    },

    keepProof: (log, note) => write(`${proofs}${log}/${hash("sha256", note)}`, note),

    async declarations() {
      const kept: { readonly name: string; readonly text: string }[] = [];
      for await (const { name, note } of under(restores))
        kept.push({ name: `${restores}${name}`, text: note });
      return kept;
    },

    keepDeclaration: (text) => write(`${restores}${hash("sha256", text)}`, text),

    async close() {
      await Promise.allSettled([...skipped.keys()].map(writeSkipped));
      for (const timer of timers.values()) clearTimeout(timer);
      client.destroy();
    },
  };
}

/** A number so that larger ones come first in the order of keys. */
const descending = (number: number): string =>
  String(Number.MAX_SAFE_INTEGER - number).padStart(16, "0");
