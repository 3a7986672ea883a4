import { randomBytes } from "node:crypto";
import { Secret } from "../../../keys/secret.ts";
import { TestDevice } from "../../support/device.ts";
import {
  ecKey,
  logoutClaims,
  refuseCodes,
  startDishonestProvider,
  type DishonestProvider,
  type ForgedToken,
} from "../../support/dishonest-provider.ts";
import { REDIRECT_URI, register } from "../../support/identity-provider.ts";
import { nonceOf } from "../../support/provider-grant.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const NAME = "dishonest";
const SECRET = "a secret of the client";
let server: TestServer;
let provider: DishonestProvider;
beforeAll(async () => {
  server = await startTestServer();
  provider = await startDishonestProvider();
  await registerHonestly();
});
afterAll(async () => {
  await provider.close();
  await server.close();
});
beforeEach(() => {
  provider.instead = () => false;
});

/** While it is added, the provider knows no code, as it should. */
async function registerHonestly(): Promise<void> {
  refuseCodes(provider);
  await register(server, server.tenant, {
    name: NAME,
    issuer: provider.issuer,
    clientSecret: new Secret(SECRET),
  });
}

/** Signs in while the provider hands out a token that is made from the right one. */
async function signInWith(
  forge: (token: { readonly claims: Record<string, unknown> }) => ForgedToken,
): Promise<{ readonly status: number; readonly code: unknown; readonly reason: unknown }> {
  const device = new TestDevice(server);
  const seed = randomBytes(32);
  const nowS = Math.floor(Date.now() / 1000);
  provider.idToken = forge({
    claims: {
      iss: provider.issuer,
      aud: "sealdesk",
      sub: "ada",
      iat: nowS,
      exp: nowS + 300,
      nonce: await nonceOf(device, seed),
      preferred_username: "ada",
      groups: ["support"],
    },
  });
  const before = (await server.auditEntries()).length;
  const { status, body } = await device.signIn({
    grant: "oidc",
    tenant: server.tenant.slug,
    provider: NAME,
    code: "code",
    codeVerifier: "v".repeat(43),
    redirectUri: REDIRECT_URI,
    nonceSeed: seed.toString("base64url"),
  });
  const entries = (await server.auditEntries()).slice(before);
  return { status, code: body.code, reason: entries.at(-1)?.["reason"] };
}

const changed =
  (changes: Record<string, unknown>) =>
  ({ claims }: { readonly claims: Record<string, unknown> }): ForgedToken => ({
    claims: { ...claims, ...changes },
  });
const seconds = () => Math.floor(Date.now() / 1000);

test("the token that the others are made from is right", async () => {
  expect(await signInWith((token) => token)).toMatchObject({ status: 201 });
});

test("the clocks may be a minute apart", async () => {
  const token = changed({ iat: seconds() - 300, exp: seconds() - 30 });
  expect(await signInWith(token)).toMatchObject({ status: 201 });
});

test.each<[string, (token: { claims: Record<string, unknown> }) => ForgedToken, string]>([
  [
    "no signature",
    (token) => ({ ...token, header: { alg: "none" }, signedWith: "nothing" }),
    "malformed",
  ],
  [
    "the client secret as the key of an HMAC",
    (token) => ({ ...token, header: { alg: "HS256" }, signedWith: { hmac: SECRET } }),
    "malformed",
  ],
  ["a key of somebody else", (token) => ({ ...token, signedWith: ecKey() }), "bad_signature"],
  ["an unknown key", (token) => ({ ...token, header: { kid: "other" } }), "bad_signature"],
  ["another issuer", changed({ iss: "https://other.example" }), "wrong_issuer"],
  ["another audience", changed({ aud: "other" }), "wrong_audience"],
  ["another audience beside ours", changed({ aud: ["sealdesk", "other"] }), "wrong_audience"],
  [
    "another authorized party",
    changed({ aud: ["sealdesk", "other"], azp: "other" }),
    "wrong_audience",
  ],
  ["another nonce", changed({ nonce: "n".repeat(43) }), "wrong_nonce"],
  ["no nonce", changed({ nonce: undefined }), "malformed"],
  ["a token that has expired", changed({ iat: seconds() - 900, exp: seconds() - 600 }), "expired"],
  ["a token of the future", changed({ iat: seconds() + 600, exp: seconds() + 900 }), "expired"],
  ["no end", changed({ exp: undefined }), "malformed"],
  ["no subject", changed({ sub: undefined }), "malformed"],
  ["groups that are no texts", changed({ groups: [{ name: "support" }] }), "invalid_claim"],
  [
    "too many groups",
    changed({ groups: undefined, _claim_names: { groups: "src1" } }),
    "groups_overage",
  ],
])("%s is refused", async (_name, forge, reason) => {
  expect(await signInWith(forge)).toEqual({ status: 401, code: "sign_in_failed", reason });
});

test.each<[string, DishonestProvider["instead"]]>([
  [
    "a redirect to another host",
    (path, response) => {
      if (path !== "/token") return false;
      response.writeHead(307, { location: "http://127.0.0.1:1/token" }).end();
      return true;
    },
  ],
  [
    "an answer that is too long",
    (path, response) => {
      if (path !== "/token") return false;
      response.writeHead(200, { "content-type": "application/json" });
      response.end(`{"access_token":"${"x".repeat(300 * 1024)}"}`);
      return true;
    },
  ],
  [
    "an error of the provider",
    (path, response) => {
      if (path !== "/token") return false;
      response.writeHead(500).end();
      return true;
    },
  ],
  [
    "a client secret that the provider refuses",
    (path, response) => {
      if (path !== "/token") return false;
      response
        .writeHead(401, { "content-type": "application/json" })
        .end('{"error":"invalid_client"}');
      return true;
    },
  ],
])("%s means that the provider is not available", async (name, instead) => {
  provider.instead = instead;
  const outcome = await signInWith((token) => token);
  const reason = name.includes("client secret")
    ? "client_refused"
    : "identity_provider_unavailable";
  expect(outcome).toEqual({ status: 503, code: "identity_provider_unavailable", reason });
});

test("junk keys make the server fetch the provider's keys once, not each time", async () => {
  const fetched = () => provider.asked.filter((path) => path === "/keys").length;
  const before = fetched();
  for (let at = 0; at < 5; at++)
    await signInWith((token) => ({ ...token, header: { kid: `junk-${at}` } }));
  expect(fetched() - before).toBeLessThanOrEqual(1);
});

describe("a sign-in that was under way while the provider ended", () => {
  const person = (name: string) => ({ sub: name, preferred_username: name });
  const [eve, kim, lea] = [person("eve"), person("kim"), person("lea")];
  const logOut = (changes: object) =>
    fetch(
      `${server.url}/v1/tenants/${server.tenant.slug}/identity-providers/${NAME}/backchannel-logout`,
      {
        method: "POST",
        body: new URLSearchParams({
          logout_token: provider.token({
            claims: logoutClaims(provider.issuer, server.clock.now(), changes),
          }),
        }),
      },
    );

  /** Sends the logout token after the ID token was made and before the server has it. */
  const loggedOutMeanwhile = (changes: object) => {
    provider.instead = (path, response) => {
      if (path !== "/token") return false;
      const idToken = provider.token(provider.idToken);
      void logOut(changes).then(({ status }) => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(
          JSON.stringify({ access_token: "access", token_type: "Bearer", id_token: idToken }),
        );
      });
      return true;
    };
  };

  test.each<[string, object, Record<string, unknown>]>([
    ["the person's sessions", { sub: "eve" }, {}],
    ["the session", { sub: undefined, sid: "one" }, { sid: "one" }],
    ["the person's session", { sub: "eve", sid: "two" }, { sid: "two" }],
  ])("%s opens nothing", async (_name, ended, claims) => {
    loggedOutMeanwhile(ended);
    expect(await signInWith(changed({ ...eve, ...claims }))).toMatchObject({
      status: 401,
      code: "sign_in_failed",
      reason: "ended_by_provider",
    });
  });

  test.each<[string, object, Record<string, unknown>]>([
    ["another person's sessions", { sub: "bob" }, {}],
    ["another session", { sub: "kim", sid: "three" }, { sid: "four" }],
  ])("%s goes on", async (_name, ended, claims) => {
    loggedOutMeanwhile(ended);
    expect(await signInWith(changed({ ...kim, ...claims }))).toMatchObject({ status: 201 });
  });

  test("the person's sessions opens nothing, and the next sign-in does", async () => {
    const iat = Math.floor(server.clock.now() / 1000) - 5;
    expect((await logOut({ sub: lea.sub, iat })).status).toBe(200);
    expect(await signInWith(changed({ ...lea, iat: iat + 1 }))).toMatchObject({ status: 201 });
    expect(await signInWith(changed({ ...lea, iat }))).toMatchObject({ status: 401 });
  });
});
