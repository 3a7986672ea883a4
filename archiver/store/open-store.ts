import { folderStore } from "./folder-store.ts";
import type { RecordStore } from "./record-store.ts";

/** Where the records are. */
export type StoreLocation =
  | { readonly kind: "folder"; readonly folder: string }
  | {
      readonly kind: "s3";
      readonly bucket: string;
      readonly prefix: string;
      readonly region: string;
      readonly endpoint: string | undefined;
      /** The time for which nobody can remove a record, in milliseconds. */
      readonly retainMs: number;
    };

/** Opens the store. It loads the AWS SDK only for S3, because the SDK is large. */
export async function openRecordStore(location: StoreLocation): Promise<RecordStore> {
  if (location.kind === "folder") return folderStore(location.folder);
  const { s3Store } = await import("./s3-store.ts");
  return s3Store({ ...location, now: Date.now });
}
