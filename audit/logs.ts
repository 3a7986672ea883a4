import type { Uuid } from "../crypto/wire/uuid.ts";

/**
 * The id of a log: the tenant's id for its audit log, `audit.key_log` of that id for its key log,
 * or `OPERATOR_LOG`.
 */
export type LogId = Uuid;

/** The log whose entries are the tenants' checkpoints. */
export const OPERATOR_LOG: LogId = "00000000-0000-0000-0000-000000000000";

/** Signs checkpoints. The name of the key is the log's origin, so one key serves all logs. */
export interface LogSigner {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** RFC 8032, 64 bytes. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}
