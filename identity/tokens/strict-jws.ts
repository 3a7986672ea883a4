import { fromBase64Url } from "../../crypto/wire/bytes.ts";
import { isEd25519Key, isEd25519Signature } from "../../crypto/wire/ed25519.ts";

/**
 * Returns whether a compact JWS that an Ed25519 key signed is also a signature for our own
 * verifier. jose verifies with OpenSSL, which takes keys of small order and other encodings of one
 * point.
 * @param x the JWK's public key, base64url
 */
export function isStrictJws(jws: string, x: string): boolean {
  const signature = jws.split(".")[2] ?? "";
  return isEd25519Key(fromBase64Url(x)) && isEd25519Signature(fromBase64Url(signature));
}
