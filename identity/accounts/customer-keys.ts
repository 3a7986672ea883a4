import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { calculateJwkThumbprint, type JSONWebKeySet, type JWK } from "jose";
import { z } from "zod";
import { fromBase64Url } from "../../crypto/wire/bytes.ts";
import { isEd25519Key } from "../../crypto/wire/ed25519.ts";
import { IdentityError } from "../identity-error.ts";
import { DEVELOPMENT_KEY_ID } from "../tokens/development-key-id.ts";

/** The algorithms that customer tokens may be signed with, RFC 7518 and RFC 8037. */
export const customerKeyAlgorithms = ["EdDSA", "ES256", "ES384", "PS256", "RS256"] as const;

const MAX_KEYS = 16;
/** The members of a published set, also those that mean nothing here. */
const MAX_PUBLISHED = 64;
const MIN_RSA_BITS = 2048;

const kidSchema = z
  .string('it needs a "kid", the name that tokens use for it')
  .min(1, 'its "kid" is empty')
  .max(128, 'its "kid" is over 128 characters')
  // It is printed on terminals, where other characters could hide or forge the output.
  .regex(/^[!-~]*$/, 'its "kid" must be visible ASCII characters without spaces');

const keySchema = z.object({
  kty: z.enum(["OKP", "EC", "RSA"], 'its "kty" must be OKP, EC or RSA'),
  kid: kidSchema,
  alg: z
    .enum(customerKeyAlgorithms, `its "alg" must be ${customerKeyAlgorithms.join(", ")}`)
    .optional(),
  use: z.literal("sig", 'its "use" must be "sig"').optional(),
  crv: z.string().optional(),
  x: z.string().optional(),
  y: z.string().optional(),
  n: z.string().optional(),
  e: z.string().optional(),
});
const keysSchema = z.array(z.unknown(), 'a JWK Set has an array "keys"');

/** A customer key as operators and the audit log name it. */
export interface CustomerKeyName {
  readonly kid: string;
  readonly alg: string;
  /** RFC 7638 with SHA-256. */
  readonly thumbprint: string;
}

/**
 * Reads a JWK Set (RFC 7517) of public keys that sign customer tokens: each with a `kid` of its own
 * and usable with one of `customerKeyAlgorithms`. Members that mean nothing here are left out.
 * @throws IdentityError invalid_customer_keys
 */
export function parseCustomerKeys(input: unknown): JSONWebKeySet {
  const members = membersOf(input);
  assertCount(members.length);
  const keys = members.map((key, index) => parseKey(key, `key ${index + 1}`));
  const kids = new Set(keys.map(({ kid }) => kid));
  if (kids.size !== keys.length) throw invalid('two keys have the same "kid"');
  return { keys };
}

/**
 * Returns the keys of a published JWK Set that can sign customer tokens. It leaves out the others, as RFC
 * 7517 section 5 advises: keys for encryption, keys without a `kid`, and private keys that were published by
 * mistake. Of several keys with one `kid`, the first counts.
 * @throws IdentityError invalid_customer_keys, if it is not a JWK Set, has too many members, or too many keys remain
 */
export function usableCustomerKeys(input: unknown): readonly JWK[] {
  const members = membersOf(input);
  // Each member costs a parse, so they are counted first.
  if (members.length > MAX_PUBLISHED)
    throw invalid(`a published set has at most ${MAX_PUBLISHED} members`);
  const byKid = new Map<string, JWK>();
  for (const member of members) {
    const key = usableKey(member);
    if (key?.kid !== undefined && !byKid.has(key.kid)) byKid.set(key.kid, key);
  }
  assertCount(byKid.size);
  return [...byKid.values()];
}

/**
 * Requires that a fetched set can sign somebody in, so that a wrong URL is noticed when it is given.
 * @throws IdentityError invalid_customer_keys
 */
export function assertUsable(keys: readonly JWK[]): void {
  if (keys.length === 0) throw invalid("the set has no key that can sign customer tokens");
}

function usableKey(input: unknown): JWK | undefined {
  try {
    return parseKey(input, "a key");
  } catch (error) {
    if (error instanceof IdentityError) return undefined;
    throw error;
  }
}

/**
 * Returns the name of a key, as it is printed and compared.
 * @throws IdentityError invalid_customer_keys
 */
export function parseKid(text: string): string {
  const parsed = kidSchema.safeParse(text);
  if (!parsed.success) throw invalid(parsed.error.issues[0]?.message ?? 'it is no "kid"');
  return parsed.data;
}

function membersOf(input: unknown): readonly unknown[] {
  const parsed = keysSchema.safeParse((input as { keys?: unknown } | null)?.keys);
  if (!parsed.success) throw invalid(parsed.error.issues[0]?.message ?? "it is not a JWK Set");
  return parsed.data;
}

/** @throws IdentityError invalid_customer_keys, when one tenant would have too many */
export function assertCount(count: number): void {
  if (count > MAX_KEYS) throw invalid(`a tenant has at most ${MAX_KEYS}`);
}

function parseKey(input: unknown, name: string): JWK {
  // One that has leaked to here is known to too many already.
  if (typeof input === "object" && input !== null && ("d" in input || "k" in input))
    throw invalid(`${name} is a private key. Keep it in your backend and give its public half`);
  const parsed = keySchema.safeParse(input);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(`${name}: ${issue?.message ?? "it is not a JWK"}`);
  }
  const { data } = parsed;
  if (data.kid === DEVELOPMENT_KEY_ID)
    throw invalid(`${name}: the "kid" ${DEVELOPMENT_KEY_ID} is for development only`);
  const fitting = algorithmsOf(publicKeyOf(data, name));
  if (fitting.includes("EdDSA") && !isEd25519Key(fromBase64Url(data.x ?? "")))
    throw invalid(`${name} is not a sound Ed25519 key: anybody could sign for it`);
  const alg = data.alg ?? (fitting.length === 1 ? fitting[0] : undefined);
  if (fitting.length === 0)
    throw invalid(
      `${name} must be Ed25519, P-256, P-384, or RSA with ${MIN_RSA_BITS} bits or more`,
    );
  if (alg !== undefined && !fitting.includes(alg))
    throw invalid(`${name} is for ${fitting.join(" or ")}, not for ${alg}`);
  return JSON.parse(JSON.stringify({ ...data, alg })) as JWK;
}

function publicKeyOf(jwk: z.output<typeof keySchema>, name: string): KeyObject {
  try {
    return createPublicKey({ key: jwk as JsonWebKey, format: "jwk" });
  } catch (cause) {
    throw invalid(`${name} is not a whole public key`, cause);
  }
}

function algorithmsOf(key: KeyObject): readonly string[] {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case "ed25519":
      return ["EdDSA"];
    case "ec":
      if (namedCurve === "prime256v1") return ["ES256"];
      return namedCurve === "secp384r1" ? ["ES384"] : [];
    case "rsa":
      return modulusLength >= MIN_RSA_BITS ? ["PS256", "RS256"] : [];
    default:
      return [];
  }
}

/** Returns the keys' names, in their order. */
export function nameKeys({ keys }: JSONWebKeySet): Promise<readonly CustomerKeyName[]> {
  return Promise.all(
    keys.map(async (key) => ({
      kid: key.kid ?? "",
      alg: key.alg ?? "PS256 or RS256",
      thumbprint: await calculateJwkThumbprint(key),
    })),
  );
}

const invalid = (why: string, cause?: unknown): IdentityError =>
  new IdentityError("invalid_customer_keys", `These customer keys cannot be used: ${why}.`, {
    cause,
  });
