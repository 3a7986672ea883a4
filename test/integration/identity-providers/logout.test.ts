import type { Credentials } from "../../../client/index.ts";
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
import { ada, REDIRECT_URI, register, startProvider } from "../../support/identity-provider.ts";
import { connect } from "../../support/member.ts";
import { ProviderBrowser } from "../../support/provider-browser.ts";
import { grantFrom } from "../../support/provider-grant.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

test("who signs out of the provider is disconnected on every node, and no one else is", async () => {
  const provider = await startProvider(server);
  const node = await server.startNode();
  const [browser, other] = [new ProviderBrowser(), new ProviderBrowser()];
  let asked = 0;
  const credentials = (of: ProviderBrowser): Credentials => ({
    grant: "oidc",
    tenant: server.tenant.slug,
    provider: provider.name,
    redirectUri: REDIRECT_URI,
    authorize: (url) => {
      if (++asked > 2) throw new Error("the person does not sign in again");
      return of.signIn(url, ada.id);
    },
  });
  const member = await connect(server, credentials(browser));
  const elsewhere = new TestDevice(server);
  await elsewhere.signIn(await grantFrom(provider, elsewhere, ada.id, server.tenant.slug, other));
  const down = new Promise((resolve) => member.sealdesk.on("connection", resolve));
  const before = (await server.auditEntries()).length;
  await browser.signOut(provider.issuer);
  expect(await down).toBe("down");
  const entries = (await server.auditEntries()).slice(before);
  expect(entries).toContainEqual(
    expect.objectContaining({ action: "session.revoke", subject: member.sealdesk.user.id }),
  );
  expect(entries).toContainEqual(
    expect.objectContaining({
      action: "tenant.provider_logout",
      details: { provider: provider.name, sessions: 1 },
    }),
  );
  // The person's other browser has another session at the provider.
  expect((await elsewhere.request("GET", "/v1/staff")).status).toBe(200);
  await member.sealdesk.close();
  await node.close();
  await provider.close();
});

describe("a logout token", () => {
  const NAME = "forged";
  let provider: DishonestProvider;
  beforeAll(async () => {
    provider = await startDishonestProvider();
    refuseCodes(provider);
    const { issuer } = provider;
    await register(server, server.tenant, { name: NAME, issuer, clientSecret: new Secret("s") });
  });
  afterAll(() => provider.close());

  const post = (token: string, path = `${server.tenant.slug}/identity-providers/${NAME}`) =>
    fetch(`${server.url}/v1/tenants/${path}/backchannel-logout`, {
      method: "POST",
      body: new URLSearchParams({ logout_token: token }),
    });
  const seconds = () => Math.floor(server.clock.now() / 1000);
  const claims = (changes: object = {}) =>
    logoutClaims(provider.issuer, server.clock.now(), changes);
  const codeOf = async (response: Response) =>
    ((await response.json()) as { readonly code: string }).code;

  test("is accepted once", async () => {
    const token = provider.token({ header: { typ: "logout+jwt" }, claims: claims() });
    const first = await post(token);
    expect([first.status, first.headers.get("cache-control")]).toEqual([200, "no-store"]);
    const second = await post(token);
    expect([second.status, await codeOf(second)]).toEqual([400, "invalid_logout_token"]);
    expect((await server.auditEntries()).at(-1)).toMatchObject({
      action: "tenant.provider_logout",
      outcome: "refused",
      reason: "token_reused",
    });
  });

  test("of a provider that identifies people by oid names them by it, or by their session", async () => {
    const name = "by-oid";
    await register(server, server.tenant, {
      name,
      issuer: provider.issuer,
      clientSecret: new Secret("s"),
      subjectClaim: "oid",
    });
    const loggedOut = async (changes: object) => {
      const path = `${server.tenant.slug}/identity-providers/${name}`;
      return (await post(provider.token({ claims: claims(changes) }), path)).status;
    };
    expect(await loggedOut({})).toBe(400);
    expect(await loggedOut({ oid: 7, sid: "s" })).toBe(400);
    expect(await loggedOut({ sid: "s" })).toBe(200);
    expect(await loggedOut({ oid: "somebody", sub: undefined })).toBe(200);
    const { rows } = await server.database.owner.query(
      `select identity_indexes is not null as person, provider_session is not null as session
       from sealdesk.provider_logouts l join sealdesk.identity_providers p on p.id = l.provider
       where p.name = $1 order by received_at_ms, person`,
      [name],
    );
    expect(rows).toEqual([
      { person: false, session: true },
      { person: true, session: false },
    ]);
  });

  test("is accepted once on all nodes", async () => {
    const node = await server.startNode();
    const body = new URLSearchParams({ logout_token: provider.token({ claims: claims() }) });
    const path = `/v1/tenants/${server.tenant.slug}/identity-providers/${NAME}/backchannel-logout`;
    const answers = [server.url, node.url].map((url) =>
      fetch(`${url}${path}`, { method: "POST", body }),
    );
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 400]);
    await node.close();
  });

  test.each<[string, () => ForgedToken]>([
    [
      "without a signature",
      () => ({ header: { alg: "none" }, claims: claims(), signedWith: "nothing" }),
    ],
    ["by HMAC", () => ({ header: { alg: "HS256" }, claims: claims(), signedWith: { hmac: "s" } })],
    ["of another key", () => ({ claims: claims(), signedWith: ecKey() })],
    ["of another issuer", () => ({ claims: claims({ iss: "https://other.example" }) })],
    ["for another client", () => ({ claims: claims({ aud: "other" }) })],
    ["that is an ID token", () => ({ claims: claims({ nonce: "nonce" }) })],
    ["of another type", () => ({ header: { typ: "at+jwt" }, claims: claims() })],
    ["without the event", () => ({ claims: claims({ events: {} }) })],
    ["that names nobody", () => ({ claims: claims({ sub: undefined }) })],
    ["without an id", () => ({ claims: claims({ jti: undefined }) })],
    ["that is old", () => ({ claims: claims({ iat: seconds() - 61, exp: undefined }) })],
    ["of the future", () => ({ claims: claims({ iat: seconds() + 62 }) })],
  ])("%s is refused", async (_name, forged) => {
    const answer = await post(provider.token(forged()));
    expect([answer.status, await codeOf(answer)]).toEqual([400, "invalid_logout_token"]);
  });

  test("is refused elsewhere, with the same answer as for an unknown tenant", async () => {
    const tenant = await server.createTenant();
    const token = provider.token({ claims: claims() });
    for (const slug of [tenant.slug, "no-such-tenant"]) {
      const answer = await post(token, `${slug}/identity-providers/${NAME}`);
      expect([answer.status, await codeOf(answer)]).toEqual([400, "invalid_logout_token"]);
    }
  });

  test.each<[string, RequestInit]>([
    ["JSON", { body: "{}", headers: { "content-type": "application/json" } }],
    ["no token", { body: new URLSearchParams({ other: "x" }) }],
    [
      "two tokens",
      {
        body: "logout_token=a&logout_token=b",
        headers: { "content-type": "application/x-www-form-urlencoded" },
      },
    ],
  ])("%s is no such request", async (_name, init) => {
    const url = `${server.url}/v1/tenants/${server.tenant.slug}/identity-providers/${NAME}/backchannel-logout`;
    expect([400, 415]).toContain((await fetch(url, { method: "POST", ...init })).status);
  });
});
