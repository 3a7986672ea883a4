import { createPublicKey, hash, verify } from "node:crypto";
import { concat, fromBase64Url } from "../crypto/wire/bytes.ts";
import { strictEd25519 } from "../crypto/wire/ed25519.ts";
import type { Checks } from "./verify/note.ts";

// The SubjectPublicKeyInfo of an Ed25519 key (RFC 8410 section 4), up to its 32 bytes.
const spkiPrefix = fromBase64Url("MCowBQYDK2VwAyEA");

/**
 * The functions that `audit/verify` needs, from `node:crypto`. Everything on the server that verifies an
 * Ed25519 signature uses this one.
 */
export const nodeChecks: Checks = {
  sha256: (bytes) => hash("sha256", bytes, "buffer"),
  verifyEd25519: strictEd25519((publicKey, message, signature) => {
    const der = Buffer.from(concat(spkiPrefix, publicKey));
    const key = createPublicKey({ key: der, format: "der", type: "spki" });
    return verify(null, message, key, signature);
  }),
};
