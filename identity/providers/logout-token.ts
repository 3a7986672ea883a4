import { z } from "zod";
import { fromUtf8 } from "../../crypto/wire/bytes.ts";
import type { IdentityProvider } from "./identity-provider.ts";
import type { ProviderClient } from "./provider-clients.ts";
import { ProviderFailure } from "./provider-failure.ts";
import { verifySignature } from "./verify-signature.ts";

/** Whose sessions a provider ended, and when. */
export interface ProviderLogout {
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly issuedAtMs: number;
  readonly subject: string | undefined;
  readonly session: string | undefined;
}

/** Accepted difference between the provider's clock and the server's, in milliseconds. */
export const LOGOUT_WINDOW_MS = 60_000;
const EVENT = "http://schemas.openid.net/event/backchannel-logout";
/** RFC 7515 section 4.1.9. Older providers write no type, or that of all JWTs. */
const TYPES: readonly unknown[] = [undefined, "logout+jwt", "application/logout+jwt", "JWT"];

const subjectSchema = z.string().min(1).max(255);
const claimsSchema = z
  .looseObject({
    iss: z.string(),
    aud: z.union([z.string(), z.array(z.string())]),
    iat: z.number(),
    exp: z.number().optional(),
    jti: z.string().min(1).max(512),
    sub: subjectSchema.optional(),
    sid: z.string().min(1).max(512).optional(),
    events: z.looseObject({ [EVENT]: z.looseObject({}) }),
  })
  // With it, an ID token could pass for a logout token.
  .refine((claims) => !Object.hasOwn(claims, "nonce"));

/**
 * Verifies a logout token (OpenID Connect Back-Channel Logout 1.0 section 2.6). It does not check whether
 * the token was used before.
 * @throws ProviderFailure; the error of the request, if the provider's keys cannot be fetched
 */
export async function verifyLogoutToken(
  provider: IdentityProvider,
  client: ProviderClient,
  token: string,
  nowMs: number,
): Promise<ProviderLogout> {
  const { header, payload } = await verifySignature(provider, client, token);
  if (!TYPES.includes(header.typ)) throw new ProviderFailure("malformed");
  const { data } = claimsSchema.safeParse(jsonIn(payload));
  if (data === undefined) throw new ProviderFailure("invalid_claim");
  if (data.iss !== provider.issuer) throw new ProviderFailure("wrong_issuer");
  if (![data.aud].flat().includes(provider.clientId)) throw new ProviderFailure("wrong_audience");
  const issuedAtMs = data.iat * 1000;
  const isOver = data.exp !== undefined && data.exp * 1000 + LOGOUT_WINDOW_MS <= nowMs;
  if (isOver || Math.abs(nowMs - issuedAtMs) > LOGOUT_WINDOW_MS)
    throw new ProviderFailure("expired");
  const subject = subjectIn(data, provider);
  // Without both, the token names nobody whom this server knows.
  if (subject === undefined && data.sid === undefined) throw new ProviderFailure("invalid_claim");
  return { id: data.jti, issuedAtMs, subject, session: data.sid };
}

/** Returns the claim that identifies people of this provider. Sessions have no other one to be found by. */
function subjectIn(
  claims: Readonly<Record<string, unknown>>,
  { subjectClaim }: IdentityProvider,
): string | undefined {
  if (!Object.hasOwn(claims, subjectClaim)) return undefined;
  const { data } = subjectSchema.safeParse(claims[subjectClaim]);
  if (data === undefined) throw new ProviderFailure("invalid_claim");
  return data;
}

function jsonIn(payload: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(payload)) as unknown;
  } catch {
    return undefined;
  }
}
