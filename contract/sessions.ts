import * as z from "zod/mini";
import { NONCE_SEED_BYTES } from "../crypto/wire/oidc-nonce.ts";
import { roles } from "../policies/actor.ts";
import { SESSION_LIFETIME_MS } from "../policies/session-lifetime.ts";
import { documentation } from "./documentation.ts";
import { providerName } from "./identity-providers.ts";
import { passkeyAnswer } from "./passkeys.ts";
import { bytes, deviceId, milliseconds, openEnum, tenantId, userId, sessionId } from "./values.ts";

/** The role of an account, in an answer. */
export const role = openEnum(roles);

export const slug = z
  .string()
  .check(z.regex(/^[a-z0-9][a-z0-9-]{0,62}$/))
  .register(documentation, { description: "The tenant's slug" });

export const password = z.string().check(z.minLength(1), z.maxLength(256));

/** A proof of the second factor: a code of the authenticator app (RFC 6238), a recovery code, or a passkey. */
export const factorCode = z
  .union([
    z.strictObject({ totp: z.string().check(z.regex(/^\d{6}$/)) }),
    z.strictObject({ recoveryCode: z.string().check(z.minLength(16), z.maxLength(32)) }),
    z.strictObject({ passkey: passkeyAnswer }),
  ])
  .register(documentation, { id: "FactorCode" });
export type FactorCode = z.output<typeof factorCode>;

export const signIn = z
  .discriminatedUnion("grant", [
    z.strictObject({
      grant: z.literal("password"),
      tenant: slug,
      // PostgreSQL does not accept text with a NUL character.
      username: z.string().check(
        z.minLength(1),
        z.maxLength(128),
        z.refine((name) => !name.includes("\u0000")),
      ),
      password,
      secondFactor: z.optional(factorCode),
    }),
    z.strictObject({ grant: z.literal("passkey"), tenant: slug, answer: passkeyAnswer }),
    z.strictObject({
      grant: z.literal("customer_token"),
      tenant: slug,
      token: z.string().check(z.minLength(1), z.maxLength(8192)),
    }),
    z.strictObject({ grant: z.literal("anonymous"), tenant: slug }),
    z.strictObject({
      grant: z.literal("oidc"),
      tenant: slug,
      provider: providerName,
      code: z.string().check(z.minLength(1), z.maxLength(4096)),
      // RFC 7636 section 4.1.
      codeVerifier: z.string().check(z.regex(/^[A-Za-z0-9._~-]{43,128}$/)),
      redirectUri: z.string().check(z.minLength(1), z.maxLength(2048)),
      nonceSeed: bytes(NONCE_SEED_BYTES),
      iss: z.optional(z.string().check(z.maxLength(512))),
    }),
  ])
  .register(documentation, { id: "SignIn" });
export type SignIn = z.output<typeof signIn>;

const token = { accessToken: z.string(), expiresAtMs: milliseconds };

/** An access token can be renewed this long after it expired, if its session is open. In milliseconds. */
export const RENEWAL_GRACE_MS = SESSION_LIFETIME_MS;

export const renewedSession = z.object(token).register(documentation, { id: "AccessToken" });

/** A session of one's own account. */
const ownSession = z.object({
  id: sessionId,
  method: openEnum(["password", "passkey", "customer_token", "oidc", "anonymous"]),
  device: z.nullable(deviceId).register(documentation, {
    description: "Its device; null if that is not registered",
  }),
  createdAtMs: milliseconds,
  expiresAtMs: milliseconds,
  factorAtMs: z.nullable(milliseconds),
  isCurrent: z.boolean(),
});
export const ownSessions = z
  .object({ sessions: z.array(ownSession) })
  .register(documentation, { id: "Sessions" });
export const sessionParams = z.strictObject({ id: sessionId });

export const openedSession = z
  .object({
    ...token,
    session: sessionId,
    tenant: z.object({ id: tenantId, slug: z.string() }),
    user: z.object({ id: userId, role, displayName: z.nullable(z.string()) }),
    accountKey: z.nullable(bytes(32)),
  })
  .register(documentation, { id: "OpenedSession" });
