/** What a key in the service may do; nothing else is done with it. */
export type KmsKeyKind = "wrapping" | "signing" | "mac";

/** A key of 32 bytes, wrapped. Which version of the wrapping key did it is not secret. */
export interface WrappedKey {
  /** From 1; grows with every rotation. */
  readonly version: number;
  /** Nonce, ciphertext and tag of AES-256-GCM, whatever the service: 60 bytes. */
  readonly bytes: Uint8Array;
}

/**
 * A key-management service: keys with names that never leave it. Names match
 * `[a-z0-9][a-z0-9-]{0,127}`. Every method throws KeysError kms_unreachable, kms_sealed,
 * kms_standby, kms_denied, kms_key_not_found, kms_key_destroyed or kms_refused.
 */
export interface Kms {
  readonly name: "local" | "vault" | "pkcs11";
  /** Makes the key unless it is there; may be repeated. @throws KeysError kms_refused for another kind */
  ensureKey(key: string, kind: KmsKeyKind): Promise<void>;
  /** Under the latest version. `context` is authenticated, not stored: give the same to unwrap. */
  wrap(key: string, plain: Uint8Array, context: Uint8Array): Promise<WrappedKey>;
  /**
   * @throws KeysError kms_refused when bytes, version or context are not those of the wrapping,
   * kms_key_destroyed when that version is gone.
   */
  unwrap(key: string, wrapped: WrappedKey, context: Uint8Array): Promise<Uint8Array>;
  /** The same key under the latest version. */
  rewrap(key: string, wrapped: WrappedKey, context: Uint8Array): Promise<WrappedKey>;
  /** @returns the new latest version; earlier ones unwrap and verify still */
  rotate(key: string): Promise<number>;
  latestVersion(key: string): Promise<number>;
  /**
   * Destroys the versions before `beforeVersion`, or the whole key, for ever; a key destroyed as a
   * whole is then kms_key_not_found. May be repeated. @throws KeysError kms_refused when
   * `beforeVersion` is over the latest
   */
  destroy(key: string, beforeVersion?: number): Promise<void>;
  /** Ed25519, 32 bytes; of the latest version unless said. */
  publicKey(key: string, version?: number): Promise<Uint8Array>;
  /** Ed25519 (RFC 8032), 64 bytes, by the latest version. */
  sign(key: string, data: Uint8Array): Promise<Uint8Array>;
  /** HMAC-SHA-256, 32 bytes, by the latest version. */
  mac(key: string, data: Uint8Array): Promise<Uint8Array>;
  /** Resolves when the service can do all this now. */
  check(): Promise<void>;
  close(): Promise<void>;
}
