import type { KeyObject } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { isId, type TenantId, type UserId, type SessionId } from "../../crypto/wire/ids.ts";
import { roles, type Role } from "../../policies/actor.ts";
import { IdentityError } from "../identity-error.ts";
import { joseCode } from "./jose-errors.ts";

/** Lifetime of an access token, in milliseconds. */
const TOKEN_LIFETIME_MS = 60 * 60 * 1000;

export interface AccessClaims {
  readonly tenant: TenantId;
  readonly user: UserId;
  readonly role: Role;
  readonly session: SessionId;
  /** Thumbprint (RFC 7638) of the device key that must sign each request's proof. */
  readonly thumbprint: string;
}

export interface AccessTokens {
  /** Signs a token that expires after an hour, or at `notAfterMs` if that is sooner. */
  issue(
    claims: AccessClaims,
    nowMs: number,
    notAfterMs: number,
  ): Promise<{ readonly accessToken: string; readonly expiresAtMs: number }>;
  /**
   * Checks signature, issuer, audience and expiry. Accepts a token that expired up to `graceMs`
   * ago.
   * @throws IdentityError invalid_token, token_expired
   */
  verify(
    token: string,
    nowMs: number,
    graceMs?: number,
  ): Promise<AccessClaims & { readonly expiresAtMs: number }>;
}

/** The keys that sign access tokens. During a rotation there are several. */
export interface TokenKeys {
  readonly signing: { readonly kid: string; readonly privateKey: KeyObject };
  /**
   * Returns the public key with this id, if its tokens are still accepted. `undefined` as the id
   * stands for tokens without one.
   */
  verifying(kid: string | undefined): Promise<KeyObject | undefined>;
}

const claimsSchema = z.object({
  sub: z.custom<UserId>(isId),
  tid: z.custom<TenantId>(isId),
  sid: z.custom<SessionId>(isId),
  role: z.enum(roles),
  exp: z.number(),
  cnf: z.object({ jkt: z.string() }),
});

/**
 * Creates the issuer of access tokens. They are JWTs (RFC 9068), bound to a device key by `cnf.jkt`
 * (RFC 9449 section 6.1).
 * @param given.issuer the server's public URL, which is also the audience
 */
export function createAccessTokens(given: {
  readonly keys: TokenKeys;
  readonly issuer: string;
}): AccessTokens {
  const { keys, issuer } = given;
  const verifyingKey = async (kid: string | undefined): Promise<KeyObject> => {
    const key = await keys.verifying(kid);
    if (key === undefined)
      throw new IdentityError("invalid_token", "This is not an access token of this server.");
    return key;
  };
  return {
    async issue(claims, nowMs, notAfterMs) {
      const issuedAtS = Math.floor(nowMs / 1000);
      const expiresAtS = Math.floor(Math.min(nowMs + TOKEN_LIFETIME_MS, notAfterMs) / 1000);
      const { kid, privateKey } = keys.signing;
      const accessToken = await new SignJWT({
        tid: claims.tenant,
        role: claims.role,
        sid: claims.session,
        cnf: { jkt: claims.thumbprint },
      })
        .setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", kid })
        .setIssuer(issuer)
        .setAudience(issuer)
        .setSubject(claims.user)
        .setIssuedAt(issuedAtS)
        .setExpirationTime(expiresAtS)
        .sign(privateKey);
      return { accessToken, expiresAtMs: expiresAtS * 1000 };
    },

    async verify(token, nowMs, graceMs = 0) {
      try {
        const { payload } = await jwtVerify(token, ({ kid }) => verifyingKey(kid), {
          algorithms: ["EdDSA"],
          typ: "at+jwt",
          issuer,
          audience: issuer,
          requiredClaims: ["exp", "iat"],
          currentDate: new Date(nowMs),
          clockTolerance: Math.floor(graceMs / 1000),
        });
        const claims = claimsSchema.parse(payload);
        return {
          tenant: claims.tid,
          user: claims.sub,
          role: claims.role,
          session: claims.sid,
          thumbprint: claims.cnf.jkt,
          expiresAtMs: claims.exp * 1000,
        };
      } catch (cause) {
        if (joseCode(cause) === "ERR_JWT_EXPIRED")
          throw new IdentityError("token_expired", "The access token has expired.", { cause });
        if (joseCode(cause) === undefined && !(cause instanceof z.ZodError)) throw cause;
        throw new IdentityError("invalid_token", "This is not an access token of this server.", {
          cause,
        });
      }
    },
  };
}
