import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { Difference } from "./difference.ts";

/** What a log says, entry by entry. */
export interface ReplayedState<State> {
  /** The time of the first entry that was kept, if entries before it were pruned. */
  prunedBeforeMs: number | undefined;
  /**
   * Takes the next entry of the log.
   * @param index undefined while the entry waits for its place
   */
  add(bytes: Uint8Array, index: number | undefined): void;
  copy(): State;
}

/** What is replayed of a log, and the rows that it is compared with. */
export interface Replay<State extends ReplayedState<State>> {
  readonly begin: () => State;
  /** `client` must be in a transaction that is fenced to the tenant. */
  readonly compare: (
    client: Client,
    tenant: TenantId,
    state: State,
  ) => Promise<readonly Difference[]>;
}
