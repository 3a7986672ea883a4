import type { Pool } from "../../db/pool.ts";
import type { ScopeKeys } from "../../keys/at-rest/scope-keys.ts";
import type { OnDamaged } from "./damage.ts";
import type { RunningDigests } from "./running-digests.ts";
import type { BlobStore } from "./stores/blob-store.ts";

/** The dependencies of the attachment use cases. */
export interface AttachmentDeps {
  readonly pool: Pool;
  readonly store: BlobStore;
  /** The keys that encrypt stored bytes. */
  readonly scopeKeys: ScopeKeys;
  readonly digests: RunningDigests;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Age at which an incomplete upload is removed. */
  readonly uploadLifetimeMs: number;
  /** Age at which an upload is removed if none of its bytes have arrived. */
  readonly emptyUploadLifetimeMs: number;
  readonly onDamaged?: OnDamaged | undefined;
}
