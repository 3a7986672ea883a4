import { createHmac } from "node:crypto";
import type { TenantId } from "../../../crypto/wire/ids.ts";
import { createTenant } from "../../../identity/accounts/create-tenant.ts";
import { ed25519, jwkOf, signedJwt, TestDevice, type KeyPair } from "../../support/device.ts";
import { startKeySetServer, type KeySetServer } from "../../support/key-set-server.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const MINUTE = 60_000;
let server: TestServer;
let backend: KeySetServer;
const [first, second] = [ed25519(), ed25519()];
beforeAll(async () => {
  server = await startTestServer();
  backend = await startKeySetServer();
});
afterAll(async () => {
  await backend.close();
  await server.close();
});
beforeEach(() => {
  backend.keys = { first };
  backend.answer = undefined;
});

const keys = (...args: string[]) => runSealdesk(server, ["tenant", "keys", ...args]);

async function tenantWithUrl() {
  const tenant = { id: newId<TenantId>(), slug: `set-${newId()}` };
  await createTenant(server.database.ownerUrl, {
    ...tenant,
    name: "With a URL",
    customerKeys: { keys: [] },
    customerJwksUrl: backend.url,
    nowMs: server.clock.now(),
  });
  return tenant;
}

const signInWith = async (slug: string, token: string): Promise<number> =>
  (await new TestDevice(server).signIn({ grant: "customer_token", tenant: slug, token })).status;

function claimsOf(slug: string) {
  const iat = Math.floor(server.clock.now() / 1000);
  return { iss: slug, aud: server.url, sub: "customer-17", iat, exp: iat + 300 };
}

const signIn = (slug: string, key: KeyPair, kid: string, claims: object = {}): Promise<number> =>
  signInWith(slug, signedJwt(key, { kid }, { ...claimsOf(slug), ...claims }));

const lastReason = async (tenant: { readonly id: TenantId; readonly slug: string }) =>
  (await server.auditEntries(tenant)).at(-1)?.["reason"];

test("the operator sets the URL, customers sign in, and the keys rotate without a command", async () => {
  const tenant = await server.createTenant();
  const { slug } = tenant;
  expect(await signIn(slug, first, "first")).toBe(401);
  const set = await keys("set-url", "--slug", slug, "--customer-jwks-url", backend.url);
  expect(set).toMatchObject({ code: 0, err: "" });
  expect(set.out).toMatch(/^first {2}EdDSA {2}[\w-]{43}$/m);
  expect(await signIn(slug, first, "first")).toBe(201);
  expect(await signIn(slug, second, "second")).toBe(401);

  backend.keys = { first, second };
  server.clock.offsetMs += 5 * MINUTE;
  expect(await signIn(slug, first, "first")).toBe(201);
  expect(await signIn(slug, second, "second")).toBe(201);

  backend.keys = { second };
  server.clock.offsetMs += 5 * MINUTE;
  expect(await signIn(slug, first, "first")).toBe(401);
  expect(await lastReason(tenant)).toBe("unknown_key");
  expect(await signIn(slug, second, "second")).toBe(201);

  const removed = await keys("remove-url", "--slug", slug);
  expect(removed).toMatchObject({ code: 0, err: "" });
  expect(await signIn(slug, second, "second")).toBe(401);
  const changes = (await server.auditEntries(tenant)).filter(({ action }) =>
    String(action).endsWith("_jwks_url"),
  );
  expect(changes).toMatchObject([
    { action: "tenant.set_customer_jwks_url", details: { jwksUrl: backend.url } },
    { action: "tenant.remove_customer_jwks_url" },
  ]);
});

test("the operator revokes a key, and it is refused at once, until the revocation is ended", async () => {
  const tenant = await tenantWithUrl();
  const { slug } = tenant;
  expect(await signIn(slug, first, "first")).toBe(201);
  expect(await keys("revoke", "--slug", slug, "--kid", "first")).toMatchObject({ code: 0 });
  expect(await signIn(slug, first, "first")).toBe(401);
  expect(await lastReason(tenant)).toBe("revoked_key");
  expect((await keys("list", "--slug", slug)).out).toBe(
    `There is no key. Without the URL of a key set, no customer of this tenant can sign in.\nFurther keys: ${backend.url}\nRevoked: first\n`,
  );
  expect((await server.auditEntries(tenant)).map(({ action }) => action)).toContain(
    "tenant.revoke_customer_key",
  );
  const unrevoke = () => keys("unrevoke", "--slug", slug, "--kid", "first");
  expect(await unrevoke()).toMatchObject({ code: 0 });
  expect(await unrevoke()).toMatchObject({ code: 1 });
  expect(await signIn(slug, first, "first")).toBe(201);
  expect((await server.auditEntries(tenant)).map(({ action }) => action)).toContain(
    "tenant.unrevoke_customer_key",
  );
});

test("an outage of the tenant's server refuses nobody for an hour, and is in the log afterwards", async () => {
  const tenant = await tenantWithUrl();
  const { slug } = tenant;
  expect(await signIn(slug, first, "first")).toBe(201);
  backend.answer = (request) => void request.socket.destroy();
  server.clock.offsetMs += 59 * MINUTE;
  expect(await signIn(slug, first, "first")).toBe(201);
  server.clock.offsetMs += MINUTE;
  expect(await signIn(slug, first, "first")).toBe(401);
  expect(await lastReason(tenant)).toBe("keys_unavailable");
  expect(server.logged()).toContain("customer keys could not be fetched");
});

test("a set that redirects to another host is not followed", async () => {
  const tenant = await tenantWithUrl();
  const elsewhere = await startKeySetServer({ first });
  backend.answer = (_request, response) =>
    void response.writeHead(307, { location: elsewhere.url }).end();
  expect(await signIn(tenant.slug, first, "first")).toBe(401);
  expect(await lastReason(tenant)).toBe("keys_unavailable");
  expect(elsewhere.fetches).toBe(0);
  await elsewhere.close();
});

test("a node that may not reach private networks does not connect to the tenant's server", async () => {
  const { slug } = await tenantWithUrl();
  const node = await server.startNode({
    outgoing: { networks: [], allowsLocalHttp: true },
  });
  const before = backend.fetches;
  const token = signedJwt(first, { kid: "first" }, claimsOf(slug));
  const { status } = await fetch(`${node.url}/v1/sessions`, {
    method: "POST",
    headers: {
      dpop: new TestDevice(server).proof("POST", "/v1/sessions"),
      "content-type": "application/json",
    },
    body: JSON.stringify({ grant: "customer_token", tenant: slug, token }),
  });
  expect([status, backend.fetches - before]).toEqual([401, 0]);
  expect(node.logged()).toContain("address_not_allowed");
  await node.close();
});

test("a flood of made-up key names causes one fetch", async () => {
  const { slug } = await tenantWithUrl();
  const before = backend.fetches;
  const statuses = await Promise.all(
    Array.from({ length: 30 }, (_, at) => signIn(slug, first, `made-up-${at}`)),
  );
  expect(new Set(statuses)).toEqual(new Set([401]));
  expect(backend.fetches - before).toBe(1);
  expect(await signIn(slug, first, "first")).toBe(201);
});

test("a key of another tenant's set signs in nobody here", async () => {
  const [own, foreign] = [await tenantWithUrl(), await server.createTenant()];
  expect(await signIn(own.slug, first, "first")).toBe(201);
  expect(await signIn(foreign.slug, first, "first")).toBe(401);
});

test.each<[string, (slug: string) => object, string]>([
  ["another issuer", () => ({ iss: "another" }), "wrong_issuer"],
  ["another audience", () => ({ aud: "https://elsewhere.example" }), "wrong_audience"],
  ["a time that is over", () => ({ iat: 1, exp: 300 }), "expired"],
  ["a time to come", () => ({ iat: Math.floor(server.clock.now() / 1000) + 120 }), "not_yet_valid"],
])("a token by a key of the set with %s is refused", async (_what, changes, reason) => {
  const tenant = await tenantWithUrl();
  expect(await signIn(tenant.slug, first, "first", changes(tenant.slug))).toBe(401);
  expect(await lastReason(tenant)).toBe(reason);
});

test("no signature, and a signature with the public key as a secret, are refused", async () => {
  const tenant = await tenantWithUrl();
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = part(claimsOf(tenant.slug));
  const unsigned = `${part({ alg: "none", kid: "first" })}.${claims}.`;
  const input = `${part({ alg: "HS256", kid: "first" })}.${claims}`;
  const secret = JSON.stringify({ ...jwkOf(first), kid: "first" });
  const confused = `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
  for (const token of [unsigned, confused]) {
    expect(await signInWith(tenant.slug, token)).toBe(401);
    expect(await lastReason(tenant)).toBe("algorithm_not_allowed");
  }
});

test("the command that checks a token fetches the set too", async () => {
  const { slug } = await tenantWithUrl();
  const iat = Math.floor(Date.now() / 1000);
  const token = signedJwt(first, { kid: "first" }, { ...claimsOf(slug), iat, exp: iat + 300 });
  const checked = await runSealdesk(
    server,
    ["customer-token", "--verify", "--tenant", slug],
    token,
  );
  expect(checked).toMatchObject({ code: 0 });
  backend.answer = (_request, response) => void response.writeHead(500).end();
  const down = await runSealdesk(server, ["customer-token", "--verify", "--tenant", slug], token);
  expect(down.out).toContain("keys_unavailable");
});

test("a URL that has no usable set is refused by the command, and nothing changes", async () => {
  const { slug } = await server.createTenant();
  backend.answer = (_request, response) => void response.end('{"keys":[]}');
  const refused = await keys("set-url", "--slug", slug, "--customer-jwks-url", backend.url);
  expect([refused.code, refused.out]).toEqual([1, ""]);
  expect(refused.err).toMatch(/no key that can sign/);
  const file = await keys("set-url", "--slug", slug, "--customer-jwks-url", "file:///etc/passwd");
  expect([file.code, file.err]).toEqual([
    1,
    "This URL of a key set cannot be used: it must begin with https://.\n",
  ]);
});
