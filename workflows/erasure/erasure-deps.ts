import type { LogSigner } from "../../audit/logs.ts";
import type { KnownHeads } from "../../audit/read/known-heads.ts";
import type { Pool } from "../../db/pool.ts";
import type { AttachmentDeps } from "../../messaging/attachments/attachment-deps.ts";
import type { ErasureLedger } from "../ledger/erasure-ledger.ts";

/** What the steps of an erasure need. */
export interface ErasureDeps {
  readonly ledger: ErasureLedger;
  /** Pool with the role sealdesk_keystore. */
  readonly keystore: Pool;
  /** Whether the keystore has its own database. */
  readonly isApart: boolean;
  readonly attachments: Pick<AttachmentDeps, "store" | "digests">;
  readonly heads: KnownHeads;
  readonly signer: LogSigner;
  /** How long backups of the keystore are kept, in milliseconds. */
  readonly residualMs: number;
}
