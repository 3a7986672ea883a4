import { createLocalJWKSet, jwtVerify } from "jose";
import { z } from "zod";
import type { Tenant } from "../accounts/tenant.ts";
import { KeysError } from "../keys-error.ts";
import { joseCode } from "./jose-errors.ts";

/** A customer token may live this long from its `iat` to its `exp`, in seconds. */
export const MAX_CUSTOMER_TOKEN_LIFETIME_S = 600;

const claimsSchema = z.object({
  sub: z.string().min(1).max(256),
  iat: z.number(),
  exp: z.number(),
  cnf: z.object({ jkt: z.string() }).optional(),
});

/**
 * Checks a token by which the tenant's own backend vouches for a customer: a JWT signed by a key of
 * the tenant's JWK Set, `iss` the tenant's slug, `aud` this server's public URL, at most ten minutes
 * long. With `cnf.jkt` (RFC 7800) it serves that device key only.
 * @returns the subject. @throws KeysError sign_in_failed
 */
export async function verifyCustomerToken(request: {
  readonly token: string;
  readonly tenant: Tenant;
  readonly audience: string;
  /** Of the device key that signs in. */
  readonly thumbprint: string;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}): Promise<string> {
  try {
    const keys = createLocalJWKSet(request.tenant.customerKeys);
    const { payload } = await jwtVerify(request.token, keys, {
      algorithms: ["EdDSA", "ES256", "ES384", "PS256", "RS256"],
      issuer: request.tenant.slug,
      audience: request.audience,
      requiredClaims: ["sub", "iat", "exp"],
      currentDate: new Date(request.now),
      maxTokenAge: MAX_CUSTOMER_TOKEN_LIFETIME_S,
      clockTolerance: 30,
    });
    const claims = claimsSchema.parse(payload);
    if (claims.exp - claims.iat > MAX_CUSTOMER_TOKEN_LIFETIME_S)
      throw failed("it lives over ten minutes");
    if (claims.cnf !== undefined && claims.cnf.jkt !== request.thumbprint)
      throw failed("it is for another device key");
    return claims.sub;
  } catch (cause) {
    if (joseCode(cause) === undefined && !(cause instanceof z.ZodError)) throw cause;
    throw failed("it is not signed and dated as it must be", cause);
  }
}

const failed = (why: string, cause?: unknown): KeysError =>
  new KeysError("sign_in_failed", `The customer token was not accepted: ${why}.`, { cause });
