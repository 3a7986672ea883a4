import { nilId, type LogId } from "../crypto/wire/ids.ts";

/** The log whose entries are the tenants' checkpoints. */
export const OPERATOR_LOG: LogId = nilId();

/** Signs checkpoints. The name of the key is the log's origin, so one key serves all logs. */
export interface LogSigner {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** RFC 8032, 64 bytes. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}
