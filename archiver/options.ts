import { resolve, join } from "node:path";
import type { Command } from "commander";
import { ArchiverError } from "./archiver-error.ts";
import { openRecordStore, type StoreLocation } from "./store/open-store.ts";
import type { RecordStore } from "./store/record-store.ts";

const dayMs = 86_400_000;
/** Six years: 17 CFR 240.17a-4(a). */
const retainDays = "2192";

/** The options that say where the archive is. */
export interface PlaceOptions {
  readonly home: string;
  readonly archive?: string;
  readonly s3Bucket?: string;
  readonly s3Prefix: string;
  readonly s3Region: string;
  readonly s3Endpoint?: string;
  readonly retainDays: string;
}

/** Adds the options that say where the archive is. */
export const withPlace = (command: Command): Command =>
  command
    .option("--home <folder>", "the archiver's own folder", "./.sealdesk-archiver")
    .option("--archive <folder>", "the folder of the records; `archive` in --home by default")
    .option("--s3-bucket <name>", "a bucket with Object Lock for the records, instead of a folder")
    .option("--s3-prefix <prefix>", "the beginning of the records' names there", "records/")
    .option("--s3-region <region>", "the region of the bucket", "us-east-1")
    .option("--s3-endpoint <url>", "a service other than Amazon's")
    .option("--retain-days <number>", "for how many days S3 locks each record", retainDays);

/** @throws ArchiverError invalid_option */
export function storeLocation(options: PlaceOptions): StoreLocation {
  const { home, archive, s3Bucket: bucket, s3Prefix: prefix, s3Region: region } = options;
  if (bucket === undefined)
    return { kind: "folder", folder: resolve(archive ?? join(home, "archive")) };
  if (archive !== undefined)
    throw new ArchiverError("invalid_option", "Pass either --archive or --s3-bucket.");
  if (!/^[1-9]\d{0,4}$/.test(options.retainDays))
    throw new ArchiverError("invalid_option", "--retain-days takes a number of 1 to 99999.");
  const retainMs = Number(options.retainDays) * dayMs;
  return { kind: "s3", bucket, prefix, region, endpoint: options.s3Endpoint, retainMs };
}

/** Opens the store that the options name. @throws ArchiverError invalid_option */
export const openStoreOf = (options: PlaceOptions): Promise<RecordStore> =>
  openRecordStore(storeLocation(options));
