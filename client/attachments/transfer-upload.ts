import type { DeviceStore } from "../../crypto/device/store.ts";
import { SealdeskError } from "../errors.ts";
import type { Retry } from "./retry.ts";
import { readSpool, type SpooledUpload } from "./spool.ts";
import type { UploadProgress } from "./outgoing.ts";
import type { UploadsApi } from "./uploads-api.ts";

/**
 * Brings the server what it does not have of an upload, block after block, beginning or going on;
 * after a lost connection it asks how far it came. Resolves when the server has it all.
 * @throws SealdeskError forbidden, quota_exceeded, attachment_too_large and what else the server
 *   refuses for good; closed
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

/** Where the upload stands; one that is not there, or not any more, begins. */
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
    throw new SealdeskError("network", "The upload that was begun is not there.");
  return offset;
}

const outOfStep = (cause: unknown): SealdeskError =>
  new SealdeskError("network", "The upload is not where it was thought to be.", { cause });

/** tus says 409 when the bytes do not go on where the server is. */
const isElsewhere = (error: unknown): boolean =>
  error instanceof SealdeskError && error.status === 409 && error.problem === undefined;
