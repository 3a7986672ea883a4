/** The only thing that a key in the service may do. */
export type KmsKeyKind = "wrapping" | "signing" | "mac";

/** A wrapped key of 32 bytes. The version of the wrapping key is not secret. */
export interface WrappedKey {
  /** Starts at 1 and grows with every rotation. */
  readonly version: number;
  /** Nonce, ciphertext and tag of AES-256-GCM, 60 bytes. It is the same for every service. */
  readonly bytes: Uint8Array;
}

/**
 * A key-management service: named keys that never leave it. Names match `[a-z0-9][a-z0-9-]{0,127}`.
 * Every method throws KeysError kms_unreachable, kms_sealed, kms_standby, kms_denied,
 * kms_key_not_found, kms_key_destroyed or kms_refused.
 */
export interface Kms {
  readonly name: "local" | "vault" | "pkcs11";
  /**
   * Creates the key unless it exists. You may repeat it.
   * @throws KeysError kms_refused, if it exists with another kind
   */
  ensureKey(key: string, kind: KmsKeyKind): Promise<void>;
  /**
   * Wraps under the latest version. `context` is authenticated and not stored. Pass the same
   * context to unwrap.
   */
  wrap(key: string, plain: Uint8Array, context: Uint8Array): Promise<WrappedKey>;
  /**
   * @throws KeysError kms_refused, if bytes, version or context differ from those of the wrapping;
   *   kms_key_destroyed, if that version is destroyed
   */
  unwrap(key: string, wrapped: WrappedKey, context: Uint8Array): Promise<Uint8Array>;
  /** Wraps the same key under the latest version. */
  rewrap(key: string, wrapped: WrappedKey, context: Uint8Array): Promise<WrappedKey>;
  /** @returns the new latest version; earlier versions still unwrap and verify */
  rotate(key: string): Promise<number>;
  latestVersion(key: string): Promise<number>;
  /**
   * Destroys the versions before `beforeVersion`, or the whole key, permanently. Afterwards, a key
   * that was destroyed as a whole is kms_key_not_found. You may repeat it.
   * @throws KeysError kms_refused, if `beforeVersion` is above the latest
   */
  destroy(key: string, beforeVersion?: number): Promise<void>;
  /** Ed25519, 32 bytes. Of the latest version unless you name one. */
  publicKey(key: string, version?: number): Promise<Uint8Array>;
  /**
   * Ed25519 (RFC 8032), 64 bytes. With the latest version unless you name one.
   * @throws KeysError kms_key_destroyed, if that version is destroyed
   */
  sign(key: string, data: Uint8Array, version?: number): Promise<Uint8Array>;
  /** HMAC-SHA-256, 32 bytes, with the latest version. */
  mac(key: string, data: Uint8Array): Promise<Uint8Array>;
  /** Resolves if the service currently works. */
  check(): Promise<void>;
  close(): Promise<void>;
}
