import { LockedBucket, type LockedBucketOptions } from "../../../audit/locked-bucket.ts";
import { entryName, numberIn, type LedgerStore } from "./ledger-store.ts";

const PREFIX = "erasure-ledger/";

/**
 * One locked object for each entry, in a bucket with Object Lock. Nobody can remove or replace it
 * before its time is over: of several versions of an object, the oldest one is the entry.
 */
export function s3Ledger(options: LockedBucketOptions): LedgerStore {
  const bucket = new LockedBucket(options);
  return {
    async read(first) {
      const after = first === 0 ? undefined : `${PREFIX}${entryName(first - 1)}`;
      const objects = await bucket.readAllOldest(PREFIX, after);
      return objects.flatMap(({ key, text }) => {
        const number = numberIn(key.slice(PREFIX.length));
        return number === undefined ? [] : [{ number, note: text }];
      });
    },
    put: ({ number, note }) => bucket.create(`${PREFIX}${entryName(number)}`, note),
    close: () => bucket.close(),
  };
}
