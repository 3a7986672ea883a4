import { generateKeyPairSync } from "node:crypto";
import { CompactSign, type JWK } from "jose";
import { parseCustomerKeys } from "../../../identity/accounts/customer-keys.ts";
import { inspectCustomerToken } from "../../../identity/tokens/customer-token/inspect-token.ts";
import { keyIn } from "../../../identity/tokens/customer-keys/find-key.ts";
import { ed25519, jwkOf, signedJwt } from "../../support/device.ts";

const nowS = 1_800_000_000;
const expected = {
  issuer: "acme",
  audience: "https://support.example",
  thumbprint: "the-thumbprint-of-the-device",
  nowMs: nowS * 1000,
};
const backend = ed25519();
const keys = parseCustomerKeys({ keys: [{ ...jwkOf(backend), kid: "2026-11" }] });
const good = {
  iss: "acme",
  aud: expected.audience,
  sub: "customer-17",
  iat: nowS,
  exp: nowS + 300,
};
const inspect = (claims: object, header: object = { kid: "2026-11" }) =>
  inspectCustomerToken(signedJwt(backend, header, claims), keyIn(keys), expected);

test("a right token names its subject, and every part of it is told to be right", async () => {
  const report = await inspect({ ...good, cnf: { jkt: expected.thumbprint } });
  expect(report).toMatchObject({ subject: "customer-17", assurance: 0 });
  expect(report.findings.map(({ part }) => part)).toEqual([
    "alg",
    "kid",
    "signature",
    "iss",
    "aud",
    "sub",
    "iat",
    "exp",
    "cnf",
    "ial",
  ]);
  expect(report.findings.filter(({ refusal }) => refusal !== undefined)).toEqual([]);
});

test.each<[string, object, string, string, RegExp]>([
  [
    "the URL with a slash",
    { aud: "https://support.example/" },
    "aud",
    "wrong_audience",
    /PUBLIC_URL/,
  ],
  ["a URL as the issuer", { iss: "https://acme.example" }, "iss", "wrong_issuer", /"acme"/],
  ["an empty subject", { sub: "" }, "sub", "invalid_claim", /1 to 256/],
  ["a number as the subject", { sub: 17 }, "sub", "invalid_claim", /1 to 256/],
  ["no iat", { iat: undefined }, "iat", "missing_claim", /There is no "iat"/],
  ["a text as iat", { iat: "now" }, "iat", "invalid_claim", /number of seconds/],
  ["milliseconds", { iat: nowS * 1000 }, "iat", "not_yet_valid", /Count seconds/],
  ["a late nbf", { nbf: nowS + 60 }, "nbf", "not_yet_valid", /60 s in the future/],
  ["an hour", { exp: nowS + 3600 }, "exp", "lifetime_too_long", /600 s is the most/],
  ["an old token", { iat: nowS - 400, exp: nowS - 100 }, "exp", "expired", /100 s ago/],
  ["cnf without jkt", { cnf: null }, "cnf", "not_bound", /"jkt"/],
  ["a level that does not exist", { ial: 4 }, "ial", "invalid_claim", /It is 4\. It must be 0, 1/],
  ["a level as text", { ial: "2" }, "ial", "invalid_claim", /It is "2"/],
  ["another device", { cnf: { jkt: "another" } }, "cnf", "bound_to_another_key", /the-thumbprint/],
])(
  "%s: the findings name the right and wrong parts",
  async (_what, changes, part, refusal, sentence) => {
    const report = await inspect({ ...good, ...changes });
    expect(report.refusal).toBe(refusal);
    expect(report.findings).toContainEqual({
      part,
      refusal,
      sentence: expect.stringMatching(sentence),
    });
  },
);

test("tells of several mistakes at once, and the first one decides", async () => {
  const report = await inspect({ ...good, iss: "x", aud: "y" }, { kid: "unknown" });
  const wrong = report.findings.filter(({ refusal }) => refusal !== undefined);
  expect(wrong.map(({ part }) => part)).toEqual(["kid", "iss", "aud"]);
  expect(report.refusal).toBe("unknown_key");
});

test.each([
  ["no kid", {}, "unknown_key", /The header names the key \(none\).*"2026-11"/],
  ["a symmetric algorithm", { alg: "HS256", kid: "2026-11" }, "algorithm_not_allowed", /"HS256"/],
  [
    "the algorithm of another key",
    { alg: "ES256", kid: "2026-11" },
    "algorithm_not_allowed",
    /EdDSA/,
  ],
  ["critical extensions", { kid: "2026-11", crit: ["b64"], b64: false }, "malformed", /crit/],
])("a header with %s", async (_what, header, refusal, sentence) => {
  const report = await inspect(good, header);
  expect(report.refusal).toBe(refusal);
  const [found] = report.findings.filter((finding) => finding.refusal === refusal);
  expect(found?.sentence).toMatch(sentence);
});

test.each(["", "a", "a.b.c", `${"e30.".repeat(2)}x`, "bnVsbA.bnVsbA.bnVsbA", ".".repeat(4)])(
  "text that is no token is malformed: %j",
  async (text) => {
    expect((await inspectCustomerToken(text, keyIn(keys), expected)).refusal).toBeDefined();
  },
);

test("a token of each allowed algorithm signs in", async () => {
  const pairs = [
    ["ES256", generateKeyPairSync("ec", { namedCurve: "P-256" })],
    ["ES384", generateKeyPairSync("ec", { namedCurve: "P-384" })],
    ["PS256", generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ["RS256", generateKeyPairSync("rsa", { modulusLength: 2048 })],
  ] as const;
  const set = parseCustomerKeys({
    keys: pairs.map(([kid, { publicKey }]) => ({ ...publicKey.export({ format: "jwk" }), kid })),
  });
  for (const [alg, { privateKey }] of pairs) {
    const token = await new CompactSign(Buffer.from(JSON.stringify(good)))
      .setProtectedHeader({ alg, kid: alg })
      .sign(privateKey);
    const report = await inspectCustomerToken(token, keyIn(set), expected);
    expect([alg, report.refusal]).toEqual([alg, undefined]);
  }
});

describe("a set of customer keys", () => {
  const jwk = { ...jwkOf(backend), kid: "2026-11" };
  const rsa = (modulusLength: number): JWK =>
    generateKeyPairSync("rsa", { modulusLength }).publicKey.export({ format: "jwk" });

  test("is stored without what means nothing here, and with its algorithm", () => {
    const given = { ...jwk, use: "sig", x5u: "https://elsewhere.example", note: "mine" };
    expect(parseCustomerKeys({ keys: [given] })).toEqual({
      keys: [{ ...jwk, use: "sig", alg: "EdDSA" }],
    });
  });

  test.each<[string, unknown, RegExp]>([
    ["no set", null, /array "keys"/],
    ["a key without a kid", { keys: [jwkOf(backend)] }, /needs a "kid"/],
    ["a line end in a kid", { keys: [{ ...jwk, kid: "a\nb" }] }, /visible ASCII/],
    ["a control code in a kid", { keys: [{ ...jwk, kid: "a\u009b2J" }] }, /visible ASCII/],
    ["a reversed kid", { keys: [{ ...jwk, kid: "a\u202eb" }] }, /visible ASCII/],
    ["the same kid twice", { keys: [jwk, jwk] }, /same "kid"/],
    ["a private key", { keys: [{ ...jwk, d: "x" }] }, /private key/],
    ["a symmetric key", { keys: [{ kty: "oct", k: "x", kid: "s" }] }, /private key/],
    ["a key for encryption", { keys: [{ ...jwk, use: "enc" }] }, /"use" must be "sig"/],
    ["another algorithm", { keys: [{ ...jwk, alg: "ES256" }] }, /is for EdDSA, not for ES256/],
    ["an unknown algorithm", { keys: [{ ...jwk, alg: "HS256" }] }, /"alg" must be/],
    ["half a key", { keys: [{ ...jwk, x: "AAAA" }] }, /whole public key/],
    ["a short RSA key", { keys: [{ ...rsa(1024), kid: "r" }] }, /2048 bits/],
    ["a curve for agreement", { keys: [{ ...jwk, crv: "X25519" }] }, /must be Ed25519/],
    ["the development key", { keys: [{ ...jwk, kid: "sealdesk-development" }] }, /development/],
    ["17 keys", { keys: Array.from({ length: 17 }, (_, n) => ({ ...jwk, kid: `${n}` })) }, /16/],
  ])("with %s is refused, and the sentence says why", (_what, set, sentence) => {
    expect(() => parseCustomerKeys(set)).toThrow(sentence);
  });
});
