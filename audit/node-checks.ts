import { createPublicKey, hash, verify } from "node:crypto";
import { concat, fromBase64Url } from "../crypto/wire/bytes.ts";
import type { Checks } from "./verify/note.ts";

// The SubjectPublicKeyInfo of an Ed25519 key (RFC 8410 section 4), up to its 32 bytes.
const spkiPrefix = fromBase64Url("MCowBQYDK2VwAyEA");

/** The functions that `audit/verify` needs, from `node:crypto`. */
export const nodeChecks: Checks = {
  sha256: (bytes) => hash("sha256", bytes, "buffer"),
  verifyEd25519(publicKey, message, signature) {
    if (publicKey.length !== 32) return false;
    const der = Buffer.from(concat(spkiPrefix, publicKey));
    const key = createPublicKey({ key: der, format: "der", type: "spki" });
    return verify(null, message, key, signature);
  },
};
