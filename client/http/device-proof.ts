import { calculateJwkThumbprint, importJWK, SignJWT } from "jose";
import { toBase64Url, utf8 } from "../../crypto/wire/bytes.ts";
import { randomBytes, sha256, type SigningKeyPair } from "../../crypto/device/sodium.ts";
import type { Clock } from "../runtime.ts";

/** The request that a proof is for. */
export interface ProvenRequest {
  readonly method: string;
  /** The absolute URL. The proof leaves out query and fragment. */
  readonly url: string;
  /** The access token of the request; absent at sign-in. */
  readonly accessToken?: string | undefined;
}

/** Signs one proof for one request. A server accepts a proof once. */
export type ProofMaker = (request: ProvenRequest) => Promise<string>;

const publicJwk = ({ publicKey }: SigningKeyPair) =>
  ({ kty: "OKP", crv: "Ed25519", x: toBase64Url(publicKey) }) as const;

/** What names the device key in `cnf.jkt`: RFC 7638 with SHA-256. */
export const thumbprintOf = (deviceKey: SigningKeyPair): Promise<string> =>
  calculateJwkThumbprint(publicJwk(deviceKey));

/**
 * Makes proofs of possession of the device key: DPoP (RFC 9449 section 4.2) with Ed25519.
 * @param deviceKey in libsodium's form: the private key is seed || public key
 */
export async function proofMaker(deviceKey: SigningKeyPair, clock: Clock): Promise<ProofMaker> {
  const jwk = publicJwk(deviceKey);
  const seed = toBase64Url(deviceKey.privateKey.subarray(0, 32));
  const key = await importJWK({ ...jwk, d: seed }, "EdDSA");
  return ({ method, url, accessToken }) => {
    const { origin, pathname } = new URL(url);
    const claims = {
      jti: toBase64Url(randomBytes(16)),
      htm: method,
      htu: origin + pathname,
      ...(accessToken === undefined ? {} : { ath: toBase64Url(sha256(utf8(accessToken))) }),
    };
    return new SignJWT(claims)
      .setProtectedHeader({ typ: "dpop+jwt", alg: "EdDSA", jwk })
      .setIssuedAt(Math.floor(clock.now() / 1000))
      .sign(key);
  };
}
