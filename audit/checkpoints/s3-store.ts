import { hash } from "node:crypto";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { isUuid } from "../../crypto/wire/uuid.ts";
import type { LogId } from "../logs.ts";
import { readFirst, versionPages } from "../s3-versions.ts";
import type { Checkpoint } from "../verify/checkpoint.ts";
import type { CheckpointStore } from "./checkpoint-store.ts";
import { assertNotBehind, readStored } from "./head-order.ts";

export interface S3CheckpointOptions {
  readonly bucket: string;
  readonly region: string;
  /** The endpoint of an S3 service that is not Amazon's. Buckets are addressed by path. */
  readonly endpoint: string | undefined;
  /**
   * The time for which an object is locked (Object Lock, compliance mode). Nobody, not even an
   * administrator, can remove it earlier.
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

const prefix = "audit-checkpoints/";
const proofs = `${prefix}proofs/`;
const declared = `${prefix}restores/`;

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
  /** The last head that was not written, because one was written a moment before. */
  const skipped = new Map<LogId, string>();
  const timers = new Map<LogId, NodeJS.Timeout>();
  // The hyphen sorts before all digits in the order of keys.
  const keyOf = (log: LogId, { size, restores = 0 }: Checkpoint) =>
    `${prefix}${log}/${restores === 0 ? "" : `-${descending(restores)}-`}${descending(size)}`;

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

  const latest = (log: LogId) => readFirst(client, { Bucket, Prefix: `${prefix}${log}/` });

  /** Yields the objects below a prefix, each in its newest version. */
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

  async function writeHead(log: LogId, note: string): Promise<void> {
    const head = readStored(note, "a new checkpoint");
    const stored = await latest(log);
    if (stored !== undefined) assertNotBehind(head, readStored(stored, `${prefix}${log}/`));
    await write(keyOf(log, head), note);
    putAt.set(log, now());
  }

  /** Writes the last head of an interval when the interval ends. The log may be quiet from then on. */
  function later(log: LogId, note: string, waitMs: number): void {
    skipped.set(log, note);
    if (timers.has(log)) return;
    const timer = setTimeout(() => {
      timers.delete(log);
      // If this fails, the next head is written at once, and this one when the store is closed.
      void writeSkipped(log).catch(() => undefined);
    }, waitMs);
    timers.set(log, timer.unref());
  }

  async function writeSkipped(log: LogId): Promise<void> {
    const note = skipped.get(log);
    if (note === undefined) return;
    skipped.delete(log);
    try {
      await writeHead(log, note);
    } catch (error) {
      if (!skipped.has(log)) skipped.set(log, note);
      throw error;
    }
  }

  return {
    async all() {
      const found = await Promise.all(
        (await logs()).map(async (log) => ({ log, note: (await latest(log)) ?? "" })),
      );
      for await (const proof of proofsOf()) found.push(proof);
      return found;
    },

    async put(log, note) {
      const waitMs = (putAt.get(log) ?? -Infinity) + everyMs - now();
      if (waitMs > 0) return later(log, note, waitMs);
      skipped.delete(log);
      await writeHead(log, note);
    },

    keepProof: (log, note) => write(`${proofs}${log}/${hash("sha256", note)}`, note),

    async declarations() {
      const kept: { readonly name: string; readonly text: string }[] = [];
      for await (const { name, note } of under(declared))
        kept.push({ name: `${declared}${name}`, text: note });
      return kept;
    },

    keepDeclaration: (text) => write(`${declared}${hash("sha256", text)}`, text),

    async close() {
      await Promise.allSettled([...skipped.keys()].map(writeSkipped));
      for (const timer of timers.values()) clearTimeout(timer);
      client.destroy();
    },
  };
}

/** Returns a number so that larger ones come first in the order of keys. */
const descending = (number: number): string =>
  String(Number.MAX_SAFE_INTEGER - number).padStart(16, "0");
