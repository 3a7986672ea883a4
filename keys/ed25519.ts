import { createPrivateKey, hash, type KeyObject } from "node:crypto";
import { nodeChecks } from "../audit/node-checks.ts";
import { concat, toBase64Url } from "../crypto/wire/bytes.ts";

const jwkOf = (publicKey: Uint8Array) => ({
  crv: "Ed25519",
  kty: "OKP",
  x: toBase64Url(publicKey),
});

/** The server's one verifier of Ed25519 signatures. */
export const { verifyEd25519 } = nodeChecks;

/** JWK thumbprint of an Ed25519 key, RFC 7638 section 3 with RFC 8037: members in lexical order. */
export const thumbprintOf = (publicKey: Uint8Array): string =>
  hash("sha256", JSON.stringify(jwkOf(publicKey)), "base64url");

// The bytes before the 32 bytes of the private key in PKCS #8: RFC 8410 section 7.
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");

/** Returns the private key with these 32 bytes as its seed (RFC 8032 section 5.1.5). */
export const ed25519FromSeed = (seed: Uint8Array): KeyObject =>
  createPrivateKey({
    key: Buffer.from(concat(pkcs8Prefix, seed)),
    format: "der",
    type: "pkcs8",
  });
