/**
 * Sizes of serialised libsignal keys in bytes: Curve25519 and Kyber-1024 public keys with a type
 * byte. Only what parses or checks such keys imports this file.
 */
export const ecKeyBytes = 33;
export const kyberKeyBytes = 1569;
/** An Ed25519 or XEdDSA signature. */
export const signatureBytes = 64;
