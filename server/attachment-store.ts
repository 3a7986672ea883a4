import type { BlobStore } from "../messaging/attachments/stores/blob-store.ts";
import { directoryStore } from "../messaging/attachments/stores/directory-store.ts";
import type { AttachmentStore } from "./config.ts";

/** The configured store. The AWS SDK is loaded only for S3: it is large. */
export async function openAttachmentStore(config: AttachmentStore): Promise<BlobStore> {
  switch (config.kind) {
    case "directory":
      return directoryStore(config.folder);
    case "s3": {
      const { s3Store } = await import("../messaging/attachments/stores/s3-store.ts");
      return s3Store(config);
    }
  }
}
