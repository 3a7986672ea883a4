import type { ConversationId, AttachmentId } from "../../crypto/wire/ids.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import { clearSpool, isPending, loadUploads, type PendingUpload } from "./spool.ts";
import type { MessageQueue, Uploader } from "./uploader.ts";

/** The uploads that were in progress when the device last stopped. */
export class InterruptedUploads {
  readonly #store: DeviceStore;
  readonly #uploads: PendingUpload[];

  private constructor(store: DeviceStore, uploads: readonly PendingUpload[]) {
    this.#store = store;
    this.#uploads = [...uploads];
  }

  /** @param kept sealed files in the store that belong to no upload and are kept */
  static async load(
    store: DeviceStore,
    kept: ReadonlySet<AttachmentId>,
  ): Promise<InterruptedUploads> {
    return new InterruptedUploads(store, await loadUploads(store, kept));
  }

  /** Resumes each upload once. Call it when all own messages of earlier runs are known. */
  async resume(
    uploader: Uploader,
    queueOf: (conversation: ConversationId) => MessageQueue,
  ): Promise<void> {
    for (const upload of this.#uploads.splice(0))
      if (await isPending(this.#store, upload))
        // Its caller waited in an earlier run, so nobody needs the result.
        uploader.resume(upload, queueOf(upload.conversation)).catch(() => undefined);
      // Its message turned out to be in the log, so the upload is finished.
      else await clearSpool(this.#store, upload.attachment.id);
  }
}
