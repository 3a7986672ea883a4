import { hash, randomBytes } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { toBase64Url } from "../../crypto/wire/bytes.ts";
import type { SessionId, TenantId } from "../../crypto/wire/ids.ts";
import { passkeyChallenge } from "../../crypto/wire/passkey-challenge.ts";
import type { Client } from "../../db/pool.ts";
import type { TokenKeys } from "../tokens/access-token.ts";
import { joseCode } from "../tokens/jose-errors.ts";

/** How long a challenge can be answered, in milliseconds. */
const LIFETIME_MS = 5 * 60 * 1000;
const TYPE = "passkey-challenge+jwt";

/** Who asks for a challenge, or answers one. */
export interface Asker {
  /** Thumbprint (RFC 7638) of the device key that signed the request's proof. */
  readonly thumbprint: string;
  /** The origin of the web page that sends the request, if it is not the server's own. */
  readonly origin: string | undefined;
}

/** A challenge that was verified. */
export interface Challenge {
  /** Base64url. */
  readonly challenge: string;
  /** The origin of the page that asked. */
  readonly origin: string;
  /** The domain of that page. */
  readonly rpId: string;
  readonly expiresAtMs: number;
}

/**
 * Gives out challenges. A challenge is the hash of the device key and a seed. The seed is a JWT, so nothing is stored
 * for strangers: only challenges that were answered are.
 */
export interface PasskeyChallenges {
  /**
   * @param session of the person who adds a passkey; undefined for proving one
   * @returns undefined if the page has no domain or is not secure, so that it cannot use passkeys
   */
  issue(
    asker: Asker,
    session: SessionId | undefined,
    nowMs: number,
  ): Promise<{ readonly seed: string; readonly rpId: string } | undefined>;
  /**
   * Returns the challenge of a seed, or undefined if it was not given to this device key on this page for this
   * purpose, or is too old.
   */
  verify(
    seed: string,
    asker: Asker,
    session: SessionId | undefined,
    nowMs: number,
  ): Promise<Challenge | undefined>;
}

const claimsSchema = z.object({
  sid: z.string().optional(),
  org: z.string(),
  exp: z.number(),
  cnf: z.object({ jkt: z.string() }),
});

/**
 * Creates the issuer of challenges.
 * @param given.keys those of access tokens; the type of the JWT tells them apart (RFC 8725 section 3.11)
 * @param given.issuer the server's public URL
 */
export function createPasskeyChallenges(given: {
  readonly keys: TokenKeys;
  readonly issuer: string;
}): PasskeyChallenges {
  const { keys, issuer } = given;
  const pageOf = ({ origin }: Asker): string => origin ?? new URL(issuer).origin;
  return {
    async issue(asker, session, nowMs) {
      const origin = pageOf(asker);
      const rpId = rpIdOf(origin);
      if (rpId === undefined) return undefined;
      const { kid, privateKey } = keys.signing;
      const seed = await new SignJWT({
        org: origin,
        cnf: { jkt: asker.thumbprint },
        ...(session !== undefined && { sid: session }),
      })
        .setProtectedHeader({ alg: "EdDSA", typ: TYPE, kid })
        .setIssuer(issuer)
        .setAudience(issuer)
        .setJti(toBase64Url(randomBytes(16)))
        .setIssuedAt(Math.floor(nowMs / 1000))
        .setExpirationTime(Math.floor((nowMs + LIFETIME_MS) / 1000))
        .sign(privateKey);
      return { seed, rpId };
    },

    async verify(seed, asker, session, nowMs) {
      const claims = await claimsOf(seed, given, nowMs);
      if (claims === undefined) return undefined;
      const { sid, org: origin, exp, cnf } = claims;
      const rpId = rpIdOf(origin);
      if (cnf.jkt !== asker.thumbprint || origin !== pageOf(asker) || sid !== session)
        return undefined;
      if (rpId === undefined) return undefined;
      const challenge = toBase64Url(passkeyChallenge(sha256, asker.thumbprint, seed));
      return { challenge, origin, rpId, expiresAtMs: exp * 1000 };
    },
  };
}

const sha256 = (bytes: Uint8Array): Uint8Array => hash("sha256", bytes, "buffer");

async function claimsOf(
  seed: string,
  { keys, issuer }: { readonly keys: TokenKeys; readonly issuer: string },
  nowMs: number,
) {
  const keyOf = async ({ kid }: { readonly kid?: string | undefined }) => {
    const key = await keys.verifying(kid);
    if (key === undefined) throw new UnknownKey();
    return key;
  };
  try {
    const { payload } = await jwtVerify(seed, keyOf, {
      algorithms: ["EdDSA"],
      typ: TYPE,
      issuer,
      audience: issuer,
      requiredClaims: ["exp", "iat"],
      currentDate: new Date(nowMs),
    });
    return claimsSchema.parse(payload);
  } catch (cause) {
    const isWrong = cause instanceof UnknownKey || cause instanceof z.ZodError;
    if (!isWrong && joseCode(cause) === undefined) throw cause;
    return undefined;
  }
}

class UnknownKey extends Error {}

/**
 * Returns the RP ID of a page: its domain. Passkeys work on secure pages only, and on no IP address
 * (Web Authentication Level 3 section 5.1.2).
 */
function rpIdOf(origin: string): string | undefined {
  if (!URL.canParse(origin)) return undefined;
  const { protocol, hostname } = new URL(origin);
  if (hostname === "localhost" && protocol === "http:") return hostname;
  const isAddress = /^[\d.]+$/.test(hostname) || hostname.startsWith("[");
  return protocol === "https:" && !isAddress ? hostname : undefined;
}

/** Records that a challenge was answered. Returns false if it was answered before. */
export async function answerOnce(
  client: Client,
  tenant: TenantId,
  { challenge, expiresAtMs }: Challenge,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `insert into answered_challenges (tenant, challenge_hash, expires_at_ms) values ($1, $2, $3)
     on conflict do nothing`,
    [tenant, hash("sha256", challenge, "buffer"), expiresAtMs],
  );
  return rowCount === 1;
}
