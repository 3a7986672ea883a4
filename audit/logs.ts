import { nilId, type TenantId } from "../crypto/wire/ids.ts";

/**
 * The id of a log: the tenant's id for its audit log, `audit.key_log` of that id for its key log,
 * or `OPERATOR_LOG`. The database confines each log to itself, as it does tenants.
 */
export type LogId = TenantId;

/** The log whose entries are the tenants' checkpoints. */
export const OPERATOR_LOG: LogId = nilId();

/** Signs checkpoints. The name of the key is the log's origin, so one key serves all logs. */
export interface LogSigner {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** RFC 8032, 64 bytes. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}
