import type { AttachmentDeps } from "../messaging/attachments/attachment-deps.ts";
import { RunningDigests } from "../messaging/attachments/running-digests.ts";
import type { BlobStore } from "../messaging/attachments/stores/blob-store.ts";
import { directoryStore } from "../messaging/attachments/stores/directory-store.ts";
import type { Closers } from "./closers.ts";
import type { AttachmentStore, Config } from "./config.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics/metrics.ts";

interface Deps extends Pick<AttachmentDeps, "pool" | "scopeKeys" | "now"> {
  readonly log: Log;
  readonly metrics: Metrics | undefined;
}

/** Opens the configured store. Damage that a download or an upload finds is logged and counted. */
export async function openAttachments(
  config: Pick<Config, "attachments" | "uploadLifetimeMs" | "emptyUploadLifetimeMs">,
  { pool, scopeKeys, now, log, metrics }: Deps,
  closers: Closers,
): Promise<AttachmentDeps> {
  const store = await openStore(config.attachments);
  closers.add(() => store.close());
  return {
    pool,
    store,
    scopeKeys,
    digests: new RunningDigests(),
    now,
    uploadLifetimeMs: config.uploadLifetimeMs,
    emptyUploadLifetimeMs: config.emptyUploadLifetimeMs,
    onDamaged({ attachment, damage }) {
      log.error("stored attachment is damaged", { attachment, damage });
      metrics?.attachments.damaged(damage);
    },
  };
}

/** The AWS SDK is loaded only for S3: it is large. */
async function openStore(config: AttachmentStore): Promise<BlobStore> {
  switch (config.kind) {
    case "directory":
      return directoryStore(config.folder);
    case "s3": {
      const { s3Store } = await import("../messaging/attachments/stores/s3-store.ts");
      return s3Store(config);
    }
  }
}
