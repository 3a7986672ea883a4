import { nilId, type LogId, type TenantId } from "../crypto/wire/ids.ts";

/** The log of the tenants' checkpoints, and of the events of the deployment that concern no tenant. */
export const OPERATOR_LOG: LogId = nilId();

/** Stands for the tenant in entries of the operator's log. */
export const NO_TENANT: TenantId = nilId();

/** A key that signs checkpoints. The name of the key is the log's origin, so one key serves all logs. */
export interface LogKey {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** RFC 8032, 64 bytes. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** The key that signs and verifies the logs. */
export interface LogSigner extends LogKey {
  /** The key that will replace it. Until then, it signs everything too, and verifies nothing. */
  readonly next?: LogKey | undefined;
}
