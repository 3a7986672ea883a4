import { createPrivateKey, createPublicKey, hkdfSync, sign } from "node:crypto";
import type { LogSigner } from "../audit/logs.ts";
import { concat, fromBase64Url, utf8 } from "../crypto/wire/bytes.ts";
import type { Keyring } from "./local-keyring.ts";

// PrivateKeyInfo of an Ed25519 key (RFC 8410 section 7), up to its seed of 32 bytes.
const pkcs8Prefix = fromBase64Url("MC4CAQAwBQYDK2VwBCIEIA");

/**
 * The key that signs audit checkpoints, from the local keyring: its Ed25519 seed is HKDF-SHA-256 of
 * the signing key's seed under a label of its own, so a keyring of before needs no change.
 */
export function localAuditSigner({ signingKey }: Pick<Keyring, "signingKey">): LogSigner {
  const { d = "" } = signingKey.export({ format: "jwk" });
  const label = utf8("sealdesk/audit-signing/v1");
  const seed = hkdfSync("sha256", fromBase64Url(d), new Uint8Array(0), label, 32);
  const der = Buffer.from(concat(pkcs8Prefix, new Uint8Array(seed)));
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const { x = "" } = createPublicKey(key).export({ format: "jwk" });
  return {
    publicKey: fromBase64Url(x),
    sign: (bytes) => Promise.resolve(sign(null, bytes, key)),
  };
}
