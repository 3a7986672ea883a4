import { resolve } from "node:path";
import type { S3Location } from "../../../db/s3-client.ts";
import { directoryLedger } from "./directory-ledger.ts";
import type { LedgerStore } from "./ledger-store.ts";

/** Where the erasure ledger is kept, apart from the database. */
export type LedgerLocation =
  | { readonly kind: "directory"; readonly folder: string }
  | ({ readonly kind: "s3"; readonly retainMs: number } & S3Location);

/** The variables that say where the ledger is. Their values are checked. */
interface LedgerVariables {
  readonly ERASURE_LEDGER?: string | undefined;
  readonly ERASURE_LEDGER_S3_BUCKET?: string | undefined;
  readonly ERASURE_LEDGER_RETAIN_DAYS: string;
  readonly ATTACHMENTS_S3_REGION: string;
  readonly ATTACHMENTS_S3_ENDPOINT?: string | undefined;
}

const DAY_MS = 86_400_000;

/**
 * Returns where the ledger is. The server and the commands share it.
 * @param home SEALDESK_HOME
 */
export function ledgerLocation(values: LedgerVariables, home: string): LedgerLocation {
  const bucket = values.ERASURE_LEDGER_S3_BUCKET;
  if (bucket === undefined)
    return {
      kind: "directory",
      folder: resolve(values.ERASURE_LEDGER ?? resolve(home, "erasure-ledger")),
    };
  return {
    kind: "s3",
    bucket,
    region: values.ATTACHMENTS_S3_REGION,
    endpoint: values.ATTACHMENTS_S3_ENDPOINT,
    retainMs: Number(values.ERASURE_LEDGER_RETAIN_DAYS) * DAY_MS,
  };
}

/** Names the place in messages. */
export const placeOf = (location: LedgerLocation): string =>
  location.kind === "directory" ? location.folder : `s3://${location.bucket}/erasure-ledger`;

/**
 * Opens the store. It loads the AWS SDK only for S3, because the SDK is large.
 * @param now milliseconds since the Unix epoch
 */
export async function openLedgerStore(
  location: LedgerLocation,
  now: () => number,
): Promise<LedgerStore> {
  if (location.kind === "directory") return directoryLedger(location.folder);
  const { s3Ledger } = await import("./s3-ledger.ts");
  return s3Ledger({ ...location, now });
}
