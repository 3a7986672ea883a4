import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { Pool } from "../../db/pool.ts";
import type { ScopeKeys } from "../../keys/at-rest/scope-keys.ts";
import type { LoggedEvent } from "./event.ts";
import type { LogObserver } from "./log-observer.ts";

/** The dependencies and the limits of the logs of one node. */
export interface LogOptions {
  readonly pool: Pool;
  /** The keys that encrypt messages before they are stored. */
  readonly scopeKeys: ScopeKeys;
  /** Read for each batch, because it may be rotated. */
  readonly frankingKey: Uint8Array;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Called with durable events, in log order for each conversation. It must not throw. */
  readonly onCommitted: (events: readonly LoggedEvent[]) => void;
  /**
   * Called when a conversation's log turned out to reach `seq`. Some of its events may not have
   * been published here.
   */
  readonly onHead: (conversation: ConversationId, seq: number) => void;
  readonly observer?: LogObserver | undefined;
  readonly committers?: number;
  readonly maxBatch?: number;
  /**
   * The number of messages that may wait before more are refused as `unavailable`. One tenant may
   * have half of them, and one device an eighth.
   */
  readonly maxWaiting?: number;
  readonly cachedHeads?: number;
}
