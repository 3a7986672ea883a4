import { hash } from "node:crypto";
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from "jose";
import { z } from "zod";
import { fromBase64Url, toBase64Url } from "../../crypto/wire/bytes.ts";
import { IdentityError } from "../identity-error.ts";
import { joseCode } from "./jose-errors.ts";
import { isStrictJws } from "./strict-jws.ts";

/** Accepted difference between a proof's time and the server's, in milliseconds. */
const PROOF_WINDOW_MS = 60_000;
/**
 * The time for which a proof is remembered: from the earliest moment at which it is valid to the
 * latest.
 */
export const PROOF_MEMORY_MS = 2 * PROOF_WINDOW_MS;

export interface ProofRequest {
  /** The DPoP header, or the proof of a relay hello. */
  readonly proof: string;
  readonly method: string;
  /** Absolute URL of the request. Its query is ignored. */
  readonly url: string;
  /** The access token that the proof is for. Undefined at sign-in. */
  readonly token?: string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/** A key that the sender of a request has proved to hold. */
export interface ProvenKey {
  /** Ed25519, 32 bytes. */
  readonly deviceKey: Uint8Array;
  /** Thumbprint of that key (RFC 7638 with SHA-256). */
  readonly thumbprint: string;
  /** Identifies this proof. It may be used once. */
  readonly replayKey: string;
}

const isCanonicalKey = (text: string): boolean =>
  /^[A-Za-z0-9_-]{43}$/.test(text) && toBase64Url(fromBase64Url(text)) === text;

const headerSchema = z.object({
  // Other members (`alg`, `kid`) are allowed. jose refuses private ones.
  jwk: z.object({
    kty: z.literal("OKP"),
    crv: z.literal("Ed25519"),
    // Each key must have exactly one spelling, because the thumbprint is computed from this text.
    x: z.string().refine(isCanonicalKey),
  }),
});
const claimsSchema = z.object({
  jti: z.string().min(1).max(256),
  htm: z.string(),
  htu: z.string(),
  iat: z.number(),
  ath: z.string().optional(),
});

/**
 * Checks a DPoP proof (RFC 9449 section 4.3): type, algorithm (Ed25519 only), public key,
 * signature, method, URL, time, and the hash of the access token. It does not check whether the
 * proof was used before. Call `UsedProofs.use` for that afterwards.
 * @throws IdentityError invalid_proof
 */
export async function verifyProof(request: ProofRequest): Promise<ProvenKey> {
  const { jwk, claims } = await open(request);
  if (claims.htm !== request.method) throw invalid("it is for another method");
  const asked = withoutQuery(request.url);
  if (asked === undefined || withoutQuery(claims.htu) !== asked)
    throw invalid("it is not for the server's public URL");
  if (Math.abs(claims.iat * 1000 - request.nowMs) > PROOF_WINDOW_MS)
    throw invalid("its time differs from the server's by more than 60 s");
  const expected =
    request.token === undefined ? undefined : hash("sha256", request.token, "base64url");
  if (claims.ath !== expected) throw invalid("it is for another access token, or for none");
  const thumbprint = await calculateJwkThumbprint(jwk, "sha256");
  return {
    deviceKey: fromBase64Url(jwk.x),
    thumbprint,
    replayKey: hash("sha256", `${thumbprint} ${claims.jti}`, "base64url"),
  };
}

async function open(request: ProofRequest) {
  try {
    const { payload, protectedHeader } = await jwtVerify(request.proof, EmbeddedJWK, {
      algorithms: ["EdDSA"],
      typ: "dpop+jwt",
      currentDate: new Date(request.nowMs),
    });
    const { jwk } = headerSchema.parse(protectedHeader);
    if (!isStrictJws(request.proof, jwk.x))
      throw invalid("its key or signature is not a sound one");
    return { jwk, claims: claimsSchema.parse(payload) };
  } catch (cause) {
    if (joseCode(cause) === undefined && !(cause instanceof z.ZodError) && !isKeyFault(cause))
      throw cause;
    throw invalid("it is not a proof signed with its own key", cause);
  }
}

// Names of the errors that Web Crypto throws for a key that it cannot use.
const isKeyFault = (error: unknown): boolean =>
  ["DataError", "InvalidAccessError", "NotSupportedError", "TypeError"].includes(
    (error as Error).name,
  );

function withoutQuery(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

const invalid = (why: string, cause?: unknown): IdentityError =>
  new IdentityError("invalid_proof", `The device proof is not valid: ${why}.`, { cause });
