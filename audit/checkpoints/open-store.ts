import type { S3Location } from "../../db/s3-client.ts";
import type { CheckpointStore } from "./checkpoint-store.ts";
import { directoryCheckpoints } from "./directory-store.ts";

/** The location of the last checkpoint of each log, apart from the database. */
export type CheckpointLocation =
  | { readonly kind: "directory"; readonly folder: string }
  | ({ readonly kind: "s3"; readonly retainMs: number } & S3Location);

const S3_EVERY_MS = 60_000;

/**
 * Opens the store. It loads the AWS SDK only for S3, because the SDK is large.
 * @param now milliseconds since the Unix epoch
 */
export async function openCheckpointStore(
  place: CheckpointLocation,
  now: () => number,
): Promise<CheckpointStore> {
  if (place.kind === "directory") return directoryCheckpoints(place.folder);
  const { s3Checkpoints } = await import("./s3-store.ts");
  return s3Checkpoints({ ...place, everyMs: S3_EVERY_MS, now });
}
