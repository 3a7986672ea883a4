import type { Credentials } from "../../../client/index.ts";
import { suspendTenant } from "../../../identity/accounts/suspend-tenant.ts";
import { linkIdentity } from "../../../identity/providers/link-identity.ts";
import { Secret } from "../../../keys/secret.ts";
import { TestDevice } from "../../support/device.ts";
import {
  ada,
  REDIRECT_URI,
  startProvider,
  type TestProvider,
} from "../../support/identity-provider.ts";
import { connect } from "../../support/member.ts";
import { ProviderBrowser } from "../../support/provider-browser.ts";
import { grantFrom } from "../../support/provider-grant.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { AtRest } from "../../../tools/testkit/at-rest.ts";

let server: TestServer;
const providers: TestProvider[] = [];
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await Promise.all(providers.map((provider) => provider.close()));
  await server.close();
});

async function aProvider(...given: Partial<Parameters<typeof startProvider>>) {
  const [, settings, tenant] = given;
  const provider = await startProvider(server, settings, tenant);
  providers.push(provider);
  return provider;
}

const credentials = (provider: TestProvider, person = ada.id): Credentials => ({
  grant: "oidc",
  tenant: server.tenant.slug,
  provider: provider.name,
  redirectUri: REDIRECT_URI,
  authorize: (url) => new ProviderBrowser().signIn(url, person),
});

/** Signs in with a new device key, and returns the answer. */
async function signIn(provider: TestProvider, person = ada.id, device = new TestDevice(server)) {
  return device.signIn(await grantFrom(provider, device, person));
}

const entriesSince = async (before: number) => (await server.auditEntries()).slice(before);
const countEntries = async () => (await server.auditEntries()).length;

test("a device signs in with a provider, and the person gets an account and a role", async () => {
  const provider = await aProvider();
  const before = await countEntries();
  const member = await connect(server, credentials(provider));
  const { user } = member.sealdesk;
  expect(user).toMatchObject({ role: "agent", displayName: "Ada Agent" });
  await member.sealdesk.close();
  const entries = await entriesSince(before);
  const identityDigest: unknown = expect.stringMatching(/^[0-9a-f]{64}$/);
  const details = { role: "agent", provider: provider.name, identityDigest };
  expect(entries).toContainEqual(
    expect.objectContaining({ action: "user.create", subject: user.id, details }),
  );
  expect(entries).toContainEqual(
    expect.objectContaining({
      action: "session.create",
      outcome: "success",
      method: "oidc",
      details: { provider: provider.name },
    }),
  );
  const again = await signIn(provider);
  expect(again.body.user).toMatchObject({ id: user.id });
  // Nobody learns from the logs who that is.
  const logs = server.logged() + JSON.stringify(await server.auditEntries());
  for (const personal of [ada.id, ada.username, ada.name]) expect(logs).not.toContain(personal);
});

test("claims may come from the UserInfo endpoint", async () => {
  const provider = await aProvider(undefined, { inIdToken: false });
  expect((await signIn(provider)).body.user).toMatchObject({
    role: "agent",
    displayName: "Ada Agent",
  });
});

test("other groups give another role, and end the connection that has the old one", async () => {
  const provider = await aProvider();
  const member = await connect(server, credentials(provider));
  const down = new Promise((resolve) => member.sealdesk.on("connection", resolve));
  provider.setGroups(ada.id, "support", "leads");
  const before = await countEntries();
  const reply = await signIn(provider);
  expect(reply.body.user).toMatchObject({ id: member.sealdesk.user.id, role: "supervisor" });
  expect(await down).toBe("down");
  expect(await entriesSince(before)).toContainEqual(
    expect.objectContaining({
      action: "user.set_role",
      details: { role: "supervisor", before: "agent", provider: provider.name },
    }),
  );
  await member.sealdesk.close();
});

test("a person without a group is refused, and loses the sessions that are open", async () => {
  const provider = await aProvider();
  const device = new TestDevice(server);
  expect((await signIn(provider, ada.id, device)).status).toBe(201);
  provider.setGroups(ada.id, "others");
  const before = await countEntries();
  expect((await signIn(provider)).body).toMatchObject({ status: 403, code: "role_not_assigned" });
  expect((await device.request("GET", "/v1/staff")).body).toMatchObject({
    code: "session_revoked",
  });
  const entries = await entriesSince(before);
  expect(entries).toContainEqual(
    expect.objectContaining({ action: "session.revoke", subject: device.user }),
  );
  expect(entries).toContainEqual(
    expect.objectContaining({
      action: "session.create",
      outcome: "refused",
      reason: "role_not_assigned",
      subject: device.user,
    }),
  );
});

test("without new accounts, only a person whom the operator linked signs in", async () => {
  const provider = await aProvider(undefined, { accounts: "existing", roles: [] });
  expect((await signIn(provider)).body).toMatchObject({ status: 403, code: "account_not_linked" });
  const staff = await server.createStaff("admin");
  expect(await link(provider, staff, ada.id)).toBe(0);
  expect((await signIn(provider)).body.user).toMatchObject({ id: staff.id, role: "admin" });
});

/** Links an account as `sealdesk idp link` does. @param newer a key of blind indexes that was made since */
async function link(
  provider: TestProvider,
  { username }: { readonly username: string },
  subject: string,
  ...newer: readonly Secret<Uint8Array>[]
): Promise<number> {
  const { ownerUrl } = server.database;
  const atRest = await AtRest.open(server.home, ownerUrl);
  const blindIndexKeys = () => [...newer, ...atRest.blindIndexKeys];
  const { id: tenant } = server.tenant;
  const change = {
    tenant,
    provider: provider.name,
    account: { username },
    subject,
    nowMs: Date.now(),
  };
  try {
    return await linkIdentity({ ownerUrl, profiles: atRest.profiles, blindIndexKeys }, change);
  } finally {
    await atRest.close();
  }
}

test("an account that is linked to another person loses the sessions of the one before", async () => {
  const provider = await aProvider(undefined, { accounts: "existing", roles: [] });
  const staff = await server.createStaff("admin");
  provider.people.push({ ...ada, id: "bea", username: staff.username });
  await link(provider, staff, "bea");
  const device = new TestDevice(server);
  await signIn(provider, "bea", device);
  expect(await link(provider, staff, "somebody else")).toBe(1);
  expect((await device.request("GET", "/v1/staff")).body.code).toBe("session_revoked");
  expect((await server.auditEntries()).at(-1)).toMatchObject({
    action: "user.link_identity",
    details: { provider: provider.name, sessions: 1 },
  });
});

test("a person is linked to one account, also after the key of the index was replaced", async () => {
  const provider = await aProvider(undefined, { accounts: "existing", roles: [] });
  const [staff, other] = [await server.createStaff("admin"), await server.createStaff("agent")];
  await link(provider, staff, ada.id);
  const newer = new Secret<Uint8Array>(new Uint8Array(32).fill(7));
  await expect(link(provider, other, ada.id, newer)).rejects.toMatchObject({
    code: "invalid_identity_provider",
  });
  expect((await signIn(provider)).body.user).toMatchObject({ id: staff.id });
});

test("a suspended tenant gets no account, and the refusal is recorded", async () => {
  const tenant = await server.createTenant();
  const provider = await aProvider(undefined, {}, tenant);
  const device = new TestDevice(server);
  const grant = await grantFrom(provider, device, ada.id, tenant.slug);
  const { ownerUrl, owner } = server.database;
  await suspendTenant(ownerUrl, { slug: tenant.slug, suspended: true, nowMs: Date.now() });
  const accounts = async () => {
    const { rows } = await owner.query("select id from sealdesk.users where tenant = $1", [
      tenant.id,
    ]);
    return rows.length;
  };
  const before = await accounts();
  expect((await device.signIn(grant)).body).toMatchObject({ code: "tenant_suspended" });
  expect(await accounts()).toBe(before);
  expect((await server.auditEntries(tenant)).at(-1)).toMatchObject({
    action: "session.create",
    outcome: "refused",
    reason: "tenant_suspended",
    details: { provider: provider.name },
  });
});

test("an account is never found by a name or an e-mail address", async () => {
  const provider = await aProvider();
  const { id, username } = await server.createStaff("admin");
  provider.people.push({ ...ada, id: "mallory", username });
  const reply = await signIn(provider, "mallory");
  expect(reply.body.user).toMatchObject({ role: "agent" });
  expect(reply.body.user.id).not.toBe(id);
  // A second person of that name gets an account of their own, too.
  provider.people.push({ ...ada, id: "mallory-2", username });
  expect((await signIn(provider, "mallory-2")).body.user.id).not.toBe(reply.body.user.id);
});

test("two devices that sign in first at the same time have one account", async () => {
  const provider = await aProvider();
  const devices = [1, 2, 3].map(() => new TestDevice(server));
  const grants = await Promise.all(devices.map((device) => grantFrom(provider, device, ada.id)));
  const replies = await Promise.all(devices.map((device, at) => device.signIn(grants[at] ?? {})));
  expect(replies.map(({ status }) => status)).toEqual([201, 201, 201]);
  expect(new Set(replies.map(({ body }) => body.user.id)).size).toBe(1);
});

describe("evidence that is not the device's own", () => {
  let provider: TestProvider;
  beforeAll(async () => {
    provider = await aProvider();
  });
  async function refusalOf(grant: object, device = new TestDevice(server)): Promise<unknown> {
    const before = await countEntries();
    const { body } = await device.signIn(grant);
    expect(body).toMatchObject({
      status: 401,
      code: "sign_in_failed",
      detail: "The sign-in failed.",
    });
    return (await entriesSince(before)).at(-1)?.["reason"];
  }

  test("a code that another device began with is refused, and serves nobody then", async () => {
    const [device, thief] = [new TestDevice(server), new TestDevice(server)];
    const grant = await grantFrom(provider, device, ada.id);
    expect(await refusalOf(grant, thief)).toBe("wrong_nonce");
    expect(await refusalOf(grant, device)).toBe("code_refused");
  });

  test.each([
    ["another verifier", { codeVerifier: "v".repeat(43) }, "code_refused"],
    ["another seed", { nonceSeed: Buffer.alloc(32).toString("base64url") }, "wrong_nonce"],
    ["an invented code", { code: "invented" }, "code_refused"],
    ["another issuer", { iss: "https://other.example" }, "wrong_issuer"],
    ["no issuer", { iss: undefined }, "malformed"],
    [
      "an open redirect",
      { redirectUri: "https://evil.example/callback" },
      "redirect_uri_not_registered",
    ],
    ["a provider that does not exist", { provider: "none" }, "unknown_provider"],
  ])("%s is refused", async (_name, changes, reason) => {
    const device = new TestDevice(server);
    const grant = { ...(await grantFrom(provider, device, ada.id)), ...changes };
    expect(await refusalOf(grant, device)).toBe(reason);
  });

  test("a used code is refused", async () => {
    const device = new TestDevice(server);
    const grant = await grantFrom(provider, device, ada.id);
    expect((await device.signIn(grant)).status).toBe(201);
    expect(await refusalOf(grant, device)).toBe("code_refused");
  });

  test("a code of one provider is refused at another", async () => {
    const other = await aProvider();
    const device = new TestDevice(server);
    const grant = await grantFrom(other, device, ada.id);
    expect(await refusalOf({ ...grant, provider: provider.name }, device)).toBe("wrong_issuer");
    const named = { ...grant, provider: provider.name, iss: provider.issuer };
    expect(await refusalOf(named, device)).toBe("code_refused");
  });

  test("a provider of another tenant is refused", async () => {
    const tenant = await server.createTenant();
    const foreign = await aProvider(undefined, {}, tenant);
    const device = new TestDevice(server);
    const grant = await grantFrom(foreign, device, ada.id);
    expect(await refusalOf(grant, device)).toBe("unknown_provider");
    expect((await device.signIn({ ...grant, tenant: tenant.slug })).status).toBe(201);
  });
});

test("a provider that does not answer is told apart from a refusal", async () => {
  const provider = await aProvider();
  const device = new TestDevice(server);
  const grant = await grantFrom(provider, device, ada.id);
  await provider.close();
  const before = await countEntries();
  const { status, headers, body } = await device.signIn(grant);
  expect([status, body.code, body.action]).toEqual([503, "identity_provider_unavailable", "wait"]);
  expect(headers.get("retry-after")).toBe("5");
  expect((await entriesSince(before)).at(-1)).toMatchObject({
    action: "session.create",
    reason: "identity_provider_unavailable",
  });
});

test("whoever wants to sign in reads the providers, and learns nothing of tenants", async () => {
  const tenant = await server.createTenant();
  const provider = await aProvider(undefined, {}, tenant);
  const list = async (slug: string) => {
    const answer = await fetch(`${server.url}/v1/tenants/${slug}/identity-providers`);
    return [answer.status, await answer.json()];
  };
  const { name, issuer } = provider;
  expect(await list(tenant.slug)).toEqual([
    200,
    {
      providers: [
        {
          name,
          issuer,
          clientId: "sealdesk",
          authorizationEndpoint: `${issuer}/auth`,
          answersWithIssuer: true,
          scope: "openid profile groups",
          endSessionEndpoint: `${issuer}/session/end`,
        },
      ],
    },
  ]);
  const empty = await server.createTenant();
  expect(await list(empty.slug)).toEqual(await list("no-such-tenant"));
});
