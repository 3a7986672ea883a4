import { compactVerify, createLocalJWKSet, type ProtectedHeaderParameters } from "jose";
import { customerKeyAlgorithms } from "../../accounts/customer-keys.ts";
import type { FindKey, FoundKey } from "../customer-keys/find-key.ts";
import { joseCode } from "../jose-errors.ts";
import { isStrictJws } from "../strict-jws.ts";
import { right, wrong, type Finding } from "./finding.ts";

const algorithms: readonly string[] = customerKeyAlgorithms;

/**
 * Inspects `alg`, then `kid`, then the signature (RFC 7515), and stops at the first wrong one.
 */
export async function inspectSignature(
  token: string,
  header: ProtectedHeaderParameters,
  findKey: FindKey,
): Promise<readonly Finding[]> {
  const { alg, kid } = header;
  if (typeof alg !== "string" || !algorithms.includes(alg))
    return [
      wrong(
        "alg",
        "algorithm_not_allowed",
        `The header says ${quoted(alg)}. Sign with ${algorithms.join(", ")}.`,
      ),
    ];
  const algIsRight = right("alg", `${alg} is allowed.`);
  const found = await findKey(kid);
  if (found.refusal !== undefined)
    return [algIsRight, wrong("kid", found.refusal, whyNoKey(kid, found))];
  const { key } = found;
  const kidIsRight = right("kid", `The tenant has the key ${quoted(kid)}.`);
  const unsigned = wrong(
    "signature",
    "bad_signature",
    `The key ${quoted(kid)} did not sign this. The backend signs with another private key, or it encodes the signature in another way than JWS does.`,
  );
  try {
    await compactVerify(token, createLocalJWKSet({ keys: [key] }), { algorithms: [alg] });
    if (alg === "EdDSA" && !isStrictJws(token, key.x ?? ""))
      return [algIsRight, kidIsRight, unsigned];
    return [algIsRight, kidIsRight, right("signature", `The key ${quoted(kid)} signed this.`)];
  } catch (cause) {
    switch (joseCode(cause)) {
      case "ERR_JWKS_NO_MATCHING_KEY":
        return [
          wrong(
            "alg",
            "algorithm_not_allowed",
            `The header says ${alg}, but the key ${quoted(kid)} is for ${key.alg ?? key.crv ?? key.kty}.`,
          ),
          kidIsRight,
        ];
      case "ERR_JWS_SIGNATURE_VERIFICATION_FAILED":
        return [algIsRight, kidIsRight, unsigned];
      case undefined:
        throw cause;
      default:
        return [wrong("form", "malformed", "The token is not a signed JWT in compact form.")];
    }
  }
}

function whyNoKey(
  kid: unknown,
  { refusal, known }: Exclude<FoundKey, { readonly key: unknown }>,
): string {
  const named = `The header names the key ${quoted(kid)}.`;
  switch (refusal) {
    case "unknown_key":
      return `${named} The tenant's keys are: ${known.map(quoted).join(", ") || "none"}.`;
    case "revoked_key":
      return `${named} The operator revoked it.`;
    case "keys_unavailable":
      return `${named} The tenant's key set could not be fetched. Look at its URL.`;
  }
}

const quoted = (value: unknown): string => (value === undefined ? "(none)" : JSON.stringify(value));
