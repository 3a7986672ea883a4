import { identityProviders } from "../../../client/index.ts";
import { authorize, type OidcCredentials } from "../../../client/sign-in/authorize.ts";
import { ready } from "../../../crypto/device/sodium.ts";
import type { Exchange } from "../../../client/http/transport.ts";

beforeAll(() => ready);

const REDIRECT = "http://127.0.0.1:4711/callback";
const provider = {
  name: "staff",
  issuer: "https://idp.example",
  clientId: "sealdesk",
  authorizationEndpoint: "https://idp.example/auth?tenant=1",
  answersWithIssuer: true,
  scope: "openid profile",
  endSessionEndpoint: null,
};
const thumbprint = "A".repeat(43);

function signInWith(
  answer: (request: URL) => string,
  changes: Partial<typeof provider> = {},
  credentials: Partial<OidcCredentials> = {},
) {
  const exchange = (async () => ({
    providers: [{ ...provider, ...changes }],
  })) as unknown as Exchange;
  return authorize(
    exchange,
    {
      grant: "oidc",
      tenant: "acme",
      provider: "staff",
      redirectUri: REDIRECT,
      authorize: (url) => answer(new URL(url)),
      ...credentials,
    },
    thumbprint,
  );
}

/** The provider's right answer, with changes. A parameter that is undefined is left out. */
const answer =
  (changes: Readonly<Record<string, string | undefined>> = {}, to = REDIRECT) =>
  (request: URL): string => {
    const url = new URL(to);
    const state = request.searchParams.get("state") ?? "";
    const all = { code: "the-code", state, iss: provider.issuer, ...changes };
    for (const [name, value] of Object.entries(all))
      if (value !== undefined) url.searchParams.append(name, value);
    return url.href;
  };

test("asks with PKCE, a state and a nonce, each new, and keeps the provider's own parameters", async () => {
  const seen: URL[] = [];
  const noting = (request: URL) => {
    seen.push(request);
    return answer()(request);
  };
  const [first, second] = [await signInWith(noting), await signInWith(noting)];
  const [one, two] = seen.map(({ searchParams }) => Object.fromEntries(searchParams));
  expect(one).toMatchObject({
    tenant: "1",
    response_type: "code",
    client_id: "sealdesk",
    redirect_uri: REDIRECT,
    scope: "openid profile",
    code_challenge_method: "S256",
  });
  for (const name of ["state", "nonce", "code_challenge"]) {
    expect(one?.[name]).toMatch(/^[\w-]{43}$/);
    expect(one?.[name]).not.toBe(two?.[name]);
  }
  expect(first).toMatchObject({ grant: "oidc", code: "the-code", iss: provider.issuer });
  expect(second).not.toEqual(first);
});

test.each<[string, (request: URL) => string]>([
  ["another state", answer({ state: "other" })],
  ["no state", answer({ state: undefined })],
  ["another provider's issuer (mix-up)", answer({ iss: "https://evil.example" })],
  ["no issuer, from a provider that names it always", answer({ iss: undefined })],
  ["another redirect URI", answer({}, "http://127.0.0.1:4711/other")],
  ["another host", answer({}, "https://evil.example/callback")],
  ["no code", answer({ code: undefined })],
  ["two codes", (request) => `${answer()(request)}&code=other`],
  ["an error with another state", answer({ error: "access_denied", state: "other" })],
  ["what is no URL", () => "nothing"],
])("%s is not an answer to the request", async (_name, given) => {
  await expect(signInWith(given)).rejects.toMatchObject({ code: "sign_in_not_authentic" });
});

test("a provider that does not name its issuer needs none in its answer", async () => {
  const changes = { answersWithIssuer: false };
  const grant = await signInWith(answer({ iss: undefined }), changes);
  expect(grant).toMatchObject({ code: "the-code", iss: undefined });
  await expect(signInWith(answer({ iss: "https://evil.example" }), changes)).rejects.toMatchObject({
    code: "sign_in_not_authentic",
  });
});

test("a refusal of the provider, or a provider that the tenant does not have, is a failed sign-in", async () => {
  await expect(
    signInWith(answer({ code: undefined, error: "access_denied" })),
  ).rejects.toMatchObject({ code: "sign_in_failed", problem: "access_denied" });
  await expect(signInWith(answer(), { name: "other" })).rejects.toMatchObject({
    code: "sign_in_failed",
  });
});

test.each<[string, Partial<OidcCredentials>, Partial<typeof provider>]>([
  ["another issuer", { issuer: "https://other.example" }, {}],
  ["another client", { clientId: "other" }, {}],
  ["another page", { authorizationEndpoint: "https://other.example/auth" }, {}],
  ["another scope", {}, { scope: "openid mail.read" }],
])("a server that names %s than the app is refused", async (_name, pins, changes) => {
  const asked: URL[] = [];
  const noting = (request: URL) => {
    asked.push(request);
    return answer()(request);
  };
  await expect(signInWith(noting, changes, pins)).rejects.toMatchObject({
    code: "sign_in_not_authentic",
  });
  expect(asked).toEqual([]);
});

test("pins that are right are accepted, and the app may name further scopes", async () => {
  const { issuer, clientId, authorizationEndpoint } = provider;
  const pins = { issuer, clientId, authorizationEndpoint, scopes: ["roles"] };
  const grant = await signInWith(answer(), { scope: "openid roles" }, pins);
  expect(grant).toMatchObject({ code: "the-code" });
});

test("a fresh sign-in asks the provider to authenticate the person again", async () => {
  const asked: URL[] = [];
  const noting = (request: URL) => {
    asked.push(request);
    return answer()(request);
  };
  await signInWith(noting, {}, { fresh: true });
  await signInWith(noting);
  expect(
    asked.map((url) => [url.searchParams.get("prompt"), url.searchParams.get("max_age")]),
  ).toEqual([
    ["login", "0"],
    [null, null],
  ]);
});

test.each([
  ["authorizationEndpoint", "javascript:alert(1)"],
  ["endSessionEndpoint", "javascript:alert(1)"],
  ["issuer", "data:text/html,x"],
  ["authorizationEndpoint", "http://idp.example/auth"],
  ["authorizationEndpoint", "https://user:password@idp.example/auth"],
])("a server that says that the %s is %s is refused", async (field, url) => {
  const published = { providers: [{ ...provider, [field]: url }] };
  const fetched = async () => Response.json(published);
  await expect(
    identityProviders({
      url: "https://desk.example",
      tenant: "acme",
      runtime: { fetch: fetched },
    }),
  ).rejects.toMatchObject({ code: "invalid_response" });
});

test("without pins, the person is sent to the page that the server names", async () => {
  const asked: URL[] = [];
  const noting = (request: URL) => {
    asked.push(request);
    return answer()(request);
  };
  await signInWith(noting, { authorizationEndpoint: "https://look-alike.example/auth" });
  expect(asked.map(({ host }) => host)).toEqual(["look-alike.example"]);
});
