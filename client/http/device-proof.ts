import { toBase64Url, utf8 } from "../../crypto/wire/bytes.ts";
import { canonicalJson } from "../../crypto/wire/canonical-json.ts";
import { randomBytes, sha256, sign, type SigningKeyPair } from "../../crypto/device/sodium.ts";
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
export type ProofMaker = (request: ProvenRequest) => string;

const publicJwk = ({ publicKey }: SigningKeyPair) =>
  ({ kty: "OKP", crv: "Ed25519", x: toBase64Url(publicKey) }) as const;

/** Returns the thumbprint of the device key for `cnf.jkt`: RFC 7638 with SHA-256, in base64url. */
export const thumbprintOf = (deviceKey: SigningKeyPair): string =>
  toBase64Url(sha256(utf8(canonicalJson(publicJwk(deviceKey)))));

/**
 * Makes proofs of possession of the device key: DPoP (RFC 9449 section 4.2) with Ed25519 (RFC 8037).
 * The SDK's own Ed25519 signs: some browsers lack it in WebCrypto, and none offers WebCrypto outside
 * a secure context.
 * @param deviceKey in libsodium's form: the private key is seed || public key
 */
export function proofMaker(deviceKey: SigningKeyPair, clock: Clock): ProofMaker {
  const header = jsonPart({ typ: "dpop+jwt", alg: "EdDSA", jwk: publicJwk(deviceKey) });
  return ({ method, url, accessToken }) => {
    const { origin, pathname } = new URL(url);
    const claims = jsonPart({
      jti: toBase64Url(randomBytes(16)),
      htm: method,
      htu: origin + pathname,
      ...(accessToken === undefined ? {} : { ath: toBase64Url(sha256(utf8(accessToken))) }),
      iat: Math.floor(clock.now() / 1000),
    });
    const signature = sign(utf8(`${header}.${claims}`), deviceKey.privateKey);
    return `${header}.${claims}.${toBase64Url(signature)}`;
  };
}

/** Returns a part of a JWS in its compact form, RFC 7515 section 7.1. */
const jsonPart = (value: object): string => toBase64Url(utf8(JSON.stringify(value)));
