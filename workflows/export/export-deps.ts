import type { Pool } from "../../db/pool.ts";
import type { ScopeKeys } from "../../keys/at-rest/scope-keys.ts";

/** What the server needs to read the events of an export. */
export interface ExportDeps {
  readonly pool: Pool;
  /** Decrypts what is stored. */
  readonly scopeKeys: ScopeKeys;
}
