/** Replaces a deployer's backend in development with a key that signs customer tokens. */
import { generateKeyPairSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { SignJWT, type JWK } from "jose";
import { writeFileOnce } from "../../keys/private-file.ts";
import type { AssuranceLevel } from "../../policies/sign-in-facts.ts";
import { MAX_CUSTOMER_TOKEN_LIFETIME_S } from "./customer-token/check-claims.ts";
import { DEVELOPMENT_KEY_ID } from "./development-key-id.ts";

const pathIn = (home: string): string => join(home, "development", "customer-key.json");

/** Returns the private JWK in `home`. The first call creates it (mode 0600). */
export async function openDevelopmentKey(home: string): Promise<JWK> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const made = { ...privateKey.export({ format: "jwk" }), kid: DEVELOPMENT_KEY_ID, alg: "EdDSA" };
  await writeFileOnce(pathIn(home), `${JSON.stringify(made, undefined, 2)}\n`);
  return JSON.parse(await readFile(pathIn(home), "utf8")) as JWK;
}

/** Returns the private JWK in `home`, or undefined if no development server ever ran there. */
export async function findDevelopmentKey(home: string): Promise<JWK | undefined> {
  try {
    return JSON.parse(await readFile(pathIn(home), "utf8")) as JWK;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Returns the part of the key that belongs in a tenant's JWK Set. */
export function publicPart({ kty, crv, x, kid, alg }: JWK): JWK {
  return { kty, crv, x, kid, alg } as JWK;
}

/** Signs a customer token that `inspectCustomerToken` accepts for ten minutes. */
export async function signCustomerToken(
  key: JWK,
  claims: {
    readonly tenant: string;
    readonly subject: string;
    /** The server's public URL. */
    readonly audience: string;
    /**
     * Thumbprint (RFC 7638) of the only device key that may use the token. Without it any device
     * may use it.
     */
    readonly thumbprint?: string | undefined;
    /** The identity assurance level, as `ial`. Without it the token states none. */
    readonly assurance?: AssuranceLevel | undefined;
    /** Milliseconds since the Unix epoch. */
    readonly nowMs: number;
  },
): Promise<string> {
  const issuedAtS = Math.floor(claims.nowMs / 1000);
  const { thumbprint, assurance } = claims;
  return new SignJWT({
    ...(thumbprint !== undefined && { cnf: { jkt: thumbprint } }),
    ...(assurance !== undefined && { ial: assurance }),
  })
    .setProtectedHeader({ alg: "EdDSA", kid: DEVELOPMENT_KEY_ID })
    .setIssuer(claims.tenant)
    .setAudience(claims.audience)
    .setSubject(claims.subject)
    .setIssuedAt(issuedAtS)
    .setExpirationTime(issuedAtS + MAX_CUSTOMER_TOKEN_LIFETIME_S)
    .sign(key);
}
