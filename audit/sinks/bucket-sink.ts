import { LockedBucket, type LockedBucketOptions } from "../locked-bucket.ts";
import { inTime } from "./in-time.ts";
import { SinkError } from "./sink-error.ts";
import { sinkLine } from "./sink-line.ts";
import { TAKE_MS, type DeliveredEntry, type Sink } from "./sink.ts";

export interface BucketSinkOptions extends LockedBucketOptions {
  /** Begins the keys of all objects. It is empty, or ends with a slash. */
  readonly prefix: string;
}

/** The time between two batches while few entries come, because each batch is an object that stays for years. */
const REST_MS = 10_000;
/** The digits of Number.MAX_SAFE_INTEGER, so that keys are in the order of indexes. */
const DIGITS = 16;

/**
 * A bucket with Object Lock in compliance mode, so that nobody can change or remove what it took before the lock ends. A batch has one object for
 * each log, `origin/first-last.jsonl`, with one line for each entry. A batch that is repeated is another version of
 * its object.
 */
export function bucketSink({ prefix, ...options }: BucketSinkOptions): Sink {
  const bucket = new LockedBucket(options);
  return {
    restMs: REST_MS,
    async take(entries) {
      const origins = new Set(entries.map(({ origin }) => origin));
      const put = Promise.all(
        [...origins].map((origin) => {
          const ofLog = entries.filter((entry) => entry.origin === origin);
          const lines = ofLog.map((entry) => `${sinkLine(entry)}\n`);
          return bucket.put(`${prefix}${origin}/${rangeOf(ofLog)}.jsonl`, lines.join(""));
        }),
      );
      await inTime(put.catch(refused), TAKE_MS);
    },
    close: () => bucket.close(),
  };
}

/** The entries of one log come in the order of their indexes, without a gap. */
function rangeOf(entries: readonly DeliveredEntry[]): string {
  const [first, last] = [entries[0], entries.at(-1)];
  return [first, last].map((entry) => String(entry?.index).padStart(DIGITS, "0")).join("-");
}

/** The message of the service's error may have the name of the bucket. Its name has none. */
function refused(cause: unknown): never {
  throw new SinkError(
    "sink_bucket_failed",
    `The bucket did not take the entries (${cause instanceof Error ? cause.name : "no error"}). Check that it exists, has Object Lock, and lets the server put objects and their retention.`,
    { cause },
  );
}
