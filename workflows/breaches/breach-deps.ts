import type { KnownHeads } from "../../audit/read/known-heads.ts";
import type { Disconnect } from "../../identity/tokens/disconnect.ts";
import type { KeystoreDeps } from "../../keys/at-rest/keystore-deps.ts";
import type { Pool } from "../../db/pool.ts";

/** What the steps of a breach need. */
export interface BreachDeps {
  /** The database with the audit log. */
  readonly data: Pool;
  readonly keystore: KeystoreDeps;
  readonly heads: KnownHeads;
  readonly disconnect: Disconnect;
}
