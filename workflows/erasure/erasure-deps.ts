import type { LogSigner } from "../../audit/logs.ts";
import type { KnownHeads } from "../../audit/read/known-heads.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Pool } from "../../db/pool.ts";
import type { OutgoingReach } from "../../keys/environment/outgoing-reach.ts";
import type { SubjectKeys } from "../../keys/at-rest/subject-keys.ts";
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
  /** Opens the secrets of consumers. */
  readonly subjects: SubjectKeys;
  /** Which servers of tenants may be reached. */
  readonly reach: OutgoingReach;
  readonly heads: KnownHeads;
  readonly signer: LogSigner;
  /** The time after which no node opens anything with a destroyed key from its memory, in milliseconds. */
  readonly nodesForgetMs: number;
  /**
   * Removes what nodes share about accounts and devices.
   * @throws Error if the service that holds it does not answer
   */
  readonly forgetShared: (owners: readonly Uuid[]) => Promise<void>;
  /** How long the certificate waits for devices that are connected, in milliseconds. */
  readonly deviceAnswersMs: number;
  /** How long backups of the keystore are kept, in milliseconds. */
  readonly residualMs: number;
}
