import type { Pool } from "../../db/pool.ts";
import type { ScopeKeys } from "../../keys/at-rest/scope-keys.ts";
import type { OnDamaged } from "./damage.ts";
import type { RunningDigests } from "./running-digests.ts";
import type { BlobStore } from "./stores/blob-store.ts";

/** What the attachments' use cases work with. */
export interface AttachmentDeps {
  readonly pool: Pool;
  readonly store: BlobStore;
  /** What the stored bytes are encrypted under. */
  readonly scopeKeys: ScopeKeys;
  readonly digests: RunningDigests;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** So long after it began, an upload that is not complete is removed. */
  readonly uploadLifetimeMs: number;
  readonly onDamaged?: OnDamaged | undefined;
}
