import {
  compactVerify,
  decodeProtectedHeader,
  exportJWK,
  type ProtectedHeaderParameters,
} from "jose";
import { joseCode } from "../tokens/jose-errors.ts";
import { isStrictJws } from "../tokens/strict-jws.ts";
import type { IdentityProvider } from "./identity-provider.ts";
import type { ProviderClient } from "./provider-clients.ts";
import { ProviderFailure } from "./provider-failure.ts";
import { algorithmsOf } from "./provider-metadata.ts";

/**
 * Verifies that a key of the provider signed a token (RFC 7515), with an algorithm that the provider
 * offers and Sealdesk accepts.
 * @throws ProviderFailure algorithm_not_allowed, bad_signature, malformed; the error of the request, if
 *   the provider's keys cannot be fetched
 */
export async function verifySignature(
  { metadata }: Pick<IdentityProvider, "metadata">,
  { keys }: ProviderClient,
  jws: string,
): Promise<{ readonly header: ProtectedHeaderParameters; readonly payload: Uint8Array }> {
  const algorithms = algorithmsOf(metadata);
  const header = headerOf(jws);
  if (!algorithms.includes(header.alg ?? "")) throw new ProviderFailure("algorithm_not_allowed");
  try {
    const { payload, key } = await compactVerify(jws, keys, { algorithms: [...algorithms] });
    if (header.alg === "EdDSA" && !isStrictJws(jws, (await exportJWK(key)).x ?? ""))
      throw new ProviderFailure("bad_signature");
    return { header, payload };
  } catch (cause) {
    switch (joseCode(cause)) {
      case "ERR_JWKS_NO_MATCHING_KEY":
      case "ERR_JWKS_MULTIPLE_MATCHING_KEYS":
      case "ERR_JWS_SIGNATURE_VERIFICATION_FAILED":
        throw new ProviderFailure("bad_signature", { cause });
      case "ERR_JWS_INVALID":
        throw new ProviderFailure("malformed", { cause });
      default:
        throw cause;
    }
  }
}

function headerOf(jws: string): ProtectedHeaderParameters {
  try {
    return decodeProtectedHeader(jws);
  } catch (cause) {
    throw new ProviderFailure("malformed", { cause });
  }
}
