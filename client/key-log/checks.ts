import type { Checks } from "../../audit/verify/note.ts";
import { sha256, verifySignature } from "../../crypto/device/sodium.ts";

/** The functions that `audit/verify` needs, implemented by libsodium. */
export const deviceChecks: Checks = {
  sha256,
  verifyEd25519: (publicKey, message, signature) =>
    publicKey.length === 32 &&
    signature.length === 64 &&
    verifySignature(message, signature, publicKey),
};
