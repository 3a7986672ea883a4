import { HeadObjectCommand, NoSuchKey, NotFound, type S3Client } from "@aws-sdk/client-s3";
import type { Place } from "./s3-upload.ts";

/** The size of an object in bytes, or undefined if there is none. */
export async function sizeOf(client: S3Client, object: Place): Promise<number | undefined> {
  const head = await unlessMissing(client.send(new HeadObjectCommand(object)));
  return head && (head.ContentLength ?? 0);
}

/** Returns undefined if S3 answers that there is no such object. */
export async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof NotFound || error instanceof NoSuchKey) return undefined;
    throw error;
  }
}

export const isPastTheEnd = (error: unknown): boolean =>
  (error as { readonly name?: unknown } | null)?.name === "InvalidRange";
