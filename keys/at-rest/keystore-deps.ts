import type { Pool } from "../../db/pool.ts";
import type { Kms } from "../kms/kms.ts";

/** The dependencies of code that works on the keystore. */
export interface KeystoreDeps {
  /** Pool with the role sealdesk_keystore. */
  readonly pool: Pool;
  readonly kms: Kms;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Returns the name of a tenant's key-encryption key in the key-management service. */
export const kekOf = (tenant: string): string => `kek-${tenant}`;
