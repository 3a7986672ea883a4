import { CompactSign, createLocalJWKSet, exportJWK, generateKeyPair, type JWK } from "jose";
import type { ProviderClient } from "../../../../identity/providers/provider-clients.ts";
import type { ProviderMetadata } from "../../../../identity/providers/provider-metadata.ts";
import { verifySignature } from "../../../../identity/providers/verify-signature.ts";

const payload = Buffer.from("{}");

/** Verifies with a provider that has these keys, and offers these algorithms. */
function verifyWith(keys: readonly JWK[], offered: readonly string[], jws: string) {
  const metadata = {
    id_token_signing_alg_values_supported: [...offered],
  } as unknown as ProviderMetadata;
  const client = { keys: createLocalJWKSet({ keys: [...keys] }) } as unknown as ProviderClient;
  return verifySignature({ metadata }, client, jws);
}

async function signedWith(alg: string) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jws = await new CompactSign(payload).setProtectedHeader({ alg }).sign(privateKey);
  return { jwk: await exportJWK(publicKey), jws };
}

test.each(["RS256", "PS256", "ES256", "EdDSA"])("accepts %s", async (alg) => {
  const { jwk, jws } = await signedWith(alg);
  expect((await verifyWith([jwk], [alg], jws)).payload).toEqual(new Uint8Array(payload));
});

test.each(["ES384", "RS512"])("refuses %s, even if the provider offers it", async (alg) => {
  const { jwk, jws } = await signedWith(alg);
  await expect(verifyWith([jwk], [alg, "ES256"], jws)).rejects.toMatchObject({
    refusal: "algorithm_not_allowed",
  });
});

test("refuses an algorithm that the provider does not offer", async () => {
  const { jwk, jws } = await signedWith("ES256");
  await expect(verifyWith([jwk], ["RS256"], jws)).rejects.toMatchObject({
    refusal: "algorithm_not_allowed",
  });
});

test("refuses an Ed25519 key of small order, for which anybody can sign", async () => {
  const x = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]).toString("base64url");
  const header = Buffer.from('{"alg":"EdDSA"}').toString("base64url");
  // R is the neutral element and S is zero: OpenSSL takes it for any message.
  const signature = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]).toString("base64url");
  const jws = `${header}.${payload.toString("base64url")}.${signature}`;
  await expect(
    verifyWith([{ kty: "OKP", crv: "Ed25519", x }], ["EdDSA"], jws),
  ).rejects.toMatchObject({ refusal: "bad_signature" });
});

test.each(["", "a.b", "a.b.c", "e30.e30.", "bm90IGpzb24.e30.e30"])("refuses %j", async (jws) => {
  await expect(verifyWith([], ["ES256"], jws)).rejects.toMatchObject({ name: "ProviderFailure" });
});
