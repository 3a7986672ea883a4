import type { Pool } from "../../db/pool.ts";
import type { Kms } from "../kms/kms.ts";

/** What works on the keystore. */
export interface KeystoreDeps {
  /** As sealdesk_keystore. */
  readonly pool: Pool;
  readonly kms: Kms;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** A tenant's key-encryption key, as the key-management service knows it. */
export const kekOf = (tenant: string): string => `kek-${tenant}`;
