import type { NewId } from "../../crypto/wire/ids.ts";
import type { Pool } from "../../db/pool.ts";
import type { ErasureLedger } from "./erasure-ledger.ts";

/** What carrying out the ledger needs. */
export interface SettleDeps {
  readonly ledger: ErasureLedger;
  /** Pool of the data. */
  readonly pool: Pool;
  /** Pool with the role sealdesk_keystore. */
  readonly keystore: Pool;
  /** Whether the keystore has its own database. */
  readonly isApart: boolean;
  readonly newId: NewId;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Runs `work` with what carrying out the ledger needs. A command opens it for that. */
export type WithLedger = <T>(work: (deps: SettleDeps) => Promise<T>) => Promise<T>;
