import type { DeviceStore } from "../../crypto/device/store.ts";
import { isProblem, SealdeskError } from "../errors.ts";
import type { Retry } from "./retry.ts";
import { readSpool, type SpooledUpload } from "./spool.ts";
import type { UploadProgress } from "./outgoing.ts";
import type { UploadsApi } from "./uploads-api.ts";

/**
 * Starts or resumes an upload and sends what the server lacks, block by block. After a lost
 * connection it asks the server how much it has. Resolves when the server has everything.
 * @throws SealdeskError forbidden, quota_exceeded, attachment_too_large and other final refusals of
 *   the server; closed
 */
export async function transferUpload(
  { store, uploads }: { readonly store: DeviceStore; readonly uploads: UploadsApi },
  upload: SpooledUpload,
  retry: Retry,
  onProgress: (progress: UploadProgress) => void,
): Promise<void> {
  const { stored: total, attachment } = upload;
  const { id } = attachment;
  for (;;) {
    try {
      let uploaded = await begin(uploads, upload);
      onProgress({ uploaded, total });
      while (uploaded < total) {
        const before = uploaded;
        uploaded = await uploads.append(id, uploaded, await readSpool(store, id, uploaded));
        onProgress({ uploaded, total });
        if (uploaded > before) retry.succeeded();
      }
      return;
    } catch (error) {
      await retry.after(isElsewhere(error) ? outOfStep(error) : error);
    }
  }
}

/** Returns the server's offset. Creates the upload if it does not exist or no longer exists. */
async function begin(
  uploads: UploadsApi,
  { conversation, attachment, stored }: SpooledUpload,
): Promise<number> {
  const { id } = attachment;
  let offset = await uploads.offset(id).catch(async (error: unknown) => {
    if (!(error instanceof SealdeskError) || error.status !== 410) throw error;
    await uploads.remove(id);
    return undefined;
  });
  if (offset !== undefined) return offset;
  await uploads.create(id, conversation, stored);
  offset = await uploads.offset(id);
  if (offset === undefined)
    throw new SealdeskError("network", "The upload that was started does not exist.");
  return offset;
}

const outOfStep = (cause: unknown): SealdeskError =>
  new SealdeskError("network", "The upload is not at the expected offset.", { cause });

const isElsewhere = (error: unknown): boolean => isProblem(error, "wrong_offset");
