import { createPrivateKey, createPublicKey } from "node:crypto";

/** An X25519 key pair whose private key is these 32 bytes, made by node:crypto (RFC 8410). */
export function exchangeKeyFromSeed(privateKey: Uint8Array) {
  const der = Buffer.concat([Buffer.from("302e020100300506032b656e04220420", "hex"), privateKey]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(12);
  return { privateKey: Uint8Array.from(privateKey), publicKey: Uint8Array.from(publicKey) };
}
