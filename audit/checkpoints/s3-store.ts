import { hash } from "node:crypto";
import { isId, type LogId } from "../../crypto/wire/ids.ts";
import { LockedBucket, type LockedBucketOptions } from "../locked-bucket.ts";
import type { Checkpoint } from "../verify/checkpoint.ts";
import type { CheckpointStore, KeptCheckpoint } from "./checkpoint-store.ts";
import { assertNoContradiction, readStored } from "./head-order.ts";
import { IntervalWriter } from "./interval-writer.ts";

export interface S3CheckpointOptions extends LockedBucketOptions {
  /** Writes at most one head of each log in this time. */
  readonly everyMs: number;
}

const prefix = "audit-checkpoints/";
const proofs = `${prefix}proofs/`;
const declared = `${prefix}restores/`;

/**
 * Checkpoints as locked objects of a bucket with Object Lock. The key of an object is written so
 * that the latest head comes first in the bucket's order. One listing therefore finds it.
 */
export function s3Checkpoints({ everyMs, ...options }: S3CheckpointOptions): CheckpointStore {
  const bucket = new LockedBucket(options);
  const latest = (log: LogId) => bucket.readFirst(`${prefix}${log}/`);

  async function writeHead(log: LogId, note: string): Promise<void> {
    const head = readStored(note, "a new checkpoint");
    const stored = await latest(log);
    if (stored !== undefined) assertNoContradiction(head, readStored(stored, `${prefix}${log}/`));
    await bucket.put(keyOf(log, head), note);
  }
  const heads = new IntervalWriter({ everyMs, now: options.now, write: writeHead });

  return {
    async all() {
      const logs = (await bucket.folders(prefix)).filter(isId<LogId>);
      const found = await Promise.all(
        logs.map(async (log): Promise<KeptCheckpoint> => ({
          log,
          note: (await latest(log)) ?? "",
          kind: "last",
        })),
      );
      for (const { key, text } of await bucket.readAll(proofs)) {
        const [log = ""] = key.slice(proofs.length).split("/");
        if (isId<LogId>(log)) found.push({ log, note: text, kind: "proof" });
      }
      return found;
    },
    put: (log, note) => heads.put(log, note),
    keepProof: (log, note) => bucket.put(`${proofs}${log}/${hash("sha256", note)}`, note),
    async declarations() {
      const objects = await bucket.readAll(declared);
      return objects.map(({ key, text }) => ({ name: key, text }));
    },
    keepDeclaration: (text) => bucket.put(`${declared}${hash("sha256", text)}`, text),
    async close() {
      await heads.close();
      bucket.close();
    },
  };
}

/** In the order of keys, the hyphen comes before all digits. */
const keyOf = (log: LogId, { size, restores = 0 }: Checkpoint): string =>
  `${prefix}${log}/${restores === 0 ? "" : `-${descending(restores)}-`}${descending(size)}`;

/** A number so that larger ones come first in the order of keys. */
const descending = (number: number): string =>
  String(Number.MAX_SAFE_INTEGER - number).padStart(16, "0");
