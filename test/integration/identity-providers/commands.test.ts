import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  refuseCodes,
  startDishonestProvider,
  type DishonestProvider,
} from "../../support/dishonest-provider.ts";
import { apiKeyOf, backendWith } from "../../support/administration.ts";
import { ada, REDIRECT_URI } from "../../support/identity-provider.ts";
import { TestDevice } from "../../support/device.ts";
import { grantFrom } from "../../support/provider-grant.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { startLocalProvider, type LocalProvider } from "../../../tools/idp/local-provider.ts";

const grace = { ...ada, id: "grace-at-the-provider", username: "grace@example.test" };
const claire = {
  ...ada,
  id: "claire-at-the-provider",
  username: "claire@example.test",
  groups: ["claims-dept"],
};
const SECRET = "the secret of the client";
let server: TestServer;
let provider: LocalProvider;
beforeAll(async () => {
  server = await startTestServer();
  provider = await startLocalProvider({
    port: 0,
    clients: [{ id: "sealdesk", secret: SECRET, redirectUris: [REDIRECT_URI] }],
    people: () => [ada, grace, claire],
  });
});
afterAll(async () => {
  await server.close();
  await provider.close();
});

async function idp(verb: string, name: string, args: readonly string[] = [], input = "") {
  const { slug } = server.tenant;
  const words = ["idp", verb, "--tenant", slug, ...(name === "" ? [] : ["--name", name]), ...args];
  return runSealdesk(server, words, input);
}
const settings = (issuer: string, ...more: readonly string[]) =>
  [
    ["--issuer", issuer, "--client-id", "sealdesk", "--redirect-uri", REDIRECT_URI],
    ["--scope", "openid profile groups", "--role", "cn=leads=supervisor"],
    ["--role", "support=agent", ...more],
  ].flat();

test("an operator adds a provider, tests it, and removes it with its sessions", async () => {
  const file = join(server.home, "secret");
  await writeFile(file, `${SECRET}\n`);
  const added = await idp("add", "staff", settings(provider.issuer, "--secret-file", file));
  expect(added).toMatchObject({ code: 0, err: "" });
  const shown = (await idp("show", "staff")).out;
  for (const line of [
    `issuer              ${provider.issuer}`,
    "role                cn=leads = supervisor",
    `back-channel logout ${server.url}/v1/tenants/${server.tenant.slug}/identity-providers/staff/backchannel-logout`,
  ])
    expect(shown).toContain(line);
  expect((await idp("list", "")).out).toBe(`staff  ${provider.issuer}  jit\n`);
  const tested = await idp("test", "staff");
  expect(tested.out).toContain("The provider accepts the client id and the secret.");
  expect(tested).toMatchObject({ code: 0, err: "" });
  // What is stored is what the entry says.
  const reconcile = ["audit", "reconcile", "--tenant", server.tenant.slug];
  expect(await runSealdesk(server, reconcile)).toMatchObject({ code: 0 });

  const device = new TestDevice(server);
  const grant = await grantFrom({ name: "staff", ...provider }, device, ada.id);
  expect((await device.signIn(grant)).status).toBe(201);
  expect((await idp("remove", "staff")).out).toContain("ended 1 sessions");
  expect((await device.request("GET", "/v1/staff")).body.code).toBe("session_revoked");
  expect((await idp("show", "staff")).err).toContain('no identity provider "staff"');
  expect((await server.auditEntries()).slice(-2)).toMatchObject([
    { action: "keys.destroy", outcome: "success", details: { subjectKeys: 1 } },
    { action: "tenant.remove_identity_provider", outcome: "success" },
  ]);
  // The person has the account again with the same issuer.
  await idp("add", "again", settings(provider.issuer), `${SECRET}\n`);
  const back = new TestDevice(server);
  await back.signIn(await grantFrom({ name: "again", ...provider }, back, ada.id));
  expect(back.user).toBe(device.user);
  const entries = JSON.stringify(await server.auditEntries()) + shown + tested.out;
  expect(entries).not.toContain(SECRET);
});

test("a program adds a provider, tests it, links a person and removes it, and nobody reads the secret", async () => {
  const send = backendWith(server, await apiKeyOf(server));
  const given = {
    name: "by-program",
    issuer: provider.issuer,
    clientId: "sealdesk",
    clientSecret: SECRET,
    redirectUris: [REDIRECT_URI],
    scope: "openid profile groups",
    roles: [{ group: "support", role: "agent" }],
  };
  const once = { "idempotency-key": randomUUID() };
  const added = await send("POST", "identity-providers", given, once);
  expect([added.status, added.body]).toEqual([204, undefined]);
  // A repeat is answered, and adds nothing.
  expect((await send("POST", "identity-providers", given, once)).status).toBe(204);
  const again = await send("POST", "identity-providers", given);
  expect([again.status, again.body.code]).toEqual([400, "invalid_identity_provider"]);

  const { clientSecret, ...shown } = given;
  const read = await send("GET", "identity-providers");
  expect(read.body.providers).toContainEqual({
    ...shown,
    groupsClaim: "groups",
    subjectClaim: "sub",
    accounts: "jit",
    teams: [],
    backchannelLogoutUri: `${server.url}/v1/tenants/${server.tenant.slug}/identity-providers/by-program/backchannel-logout`,
  });
  const tested = await send("POST", "identity-providers/by-program/test");
  expect(tested.body.findings).toContainEqual({
    part: "client",
    verdict: "right",
    sentence: "The provider accepts the client id and the secret.",
  });

  const staff = await server.createStaff("supervisor");
  const link = { provider: "by-program", subject: grace.id };
  expect((await send("PUT", `staff/${staff.id}/identity`, link)).status).toBe(200);
  const device = new TestDevice(server);
  const grant = await grantFrom({ ...provider, name: "by-program" }, device, grace.id);
  expect((await device.signIn(grant)).body.user.id).toBe(staff.id);
  const removed = await send("DELETE", "identity-providers/by-program");
  expect([removed.status, removed.body]).toEqual([200, { sessionsEnded: 1 }]);
  for (const [method, path] of [
    ["DELETE", "identity-providers/by-program"],
    ["POST", "identity-providers/by-program/test"],
  ] as const)
    expect((await send(method, path)).body.code).toBe("identity_provider_not_found");
  const all = JSON.stringify([await server.auditEntries(), added, again, read, tested, removed]);
  expect(all).not.toContain(clientSecret);
});

test("the commands of docs/access.md connect a provider, with the roles and teams of its groups", async () => {
  const page = await readFile("docs/access.md", "utf8");
  const [, block = ""] = /### Add it[^]*?```sh\n([^]*?)```/.exec(page) ?? [];
  const file = join(server.home, "secret-of-the-page");
  await writeFile(file, SECRET);
  const ofThisTest = (word: string): string =>
    ({
      acme: server.tenant.slug,
      staff: "of-the-page",
      "https://idp.example/realms/acme": provider.issuer,
      "./secret": file,
      "support=agent": "claims-dept=agent",
    })[word] ?? word;
  const commands = block
    .replaceAll(/\\\n/g, " ")
    .split("\n")
    .filter((line) => line.startsWith("npx sealdesk"))
    .map((line) => line.replace(/#.*/, "").trim().split(/\s+/).slice(2).map(ofThisTest));
  expect(commands.map((words) => words.slice(0, 2).join(" "))).toEqual([
    "idp add",
    "idp test",
    "idp show",
  ]);
  const printed: string[] = [];
  for (const words of commands) {
    const { code, out, err } = await runSealdesk(server, words);
    expect([code, err]).toEqual([0, ""]);
    printed.push(out);
  }
  // A page of that redirect URI signs nobody in before its origin is allowed.
  expect(printed[1]).toContain("The tenant does not allow the origin https://desk.acme.example");
  const device = new TestDevice(server);
  const grant = await grantFrom({ ...provider, name: "of-the-page" }, device, claire.id);
  const signedIn = await device.signIn(grant);
  expect([signedIn.status, signedIn.body.user?.role]).toEqual([201, "agent"]);
  const listed = await runSealdesk(server, ["team", "list", "--tenant", server.tenant.slug]);
  expect(listed.out).toMatch(/^claims {2}claire@example\.test {2}by of-the-page$/m);
});

test("a program learns nothing of the server's network, and adds no provider of a private address", async () => {
  const send = backendWith(server, await apiKeyOf(server));
  const answers = await Promise.all(
    ["https://10.0.0.1", "https://169.254.169.254", "http://127.0.0.1:1"].map((issuer) =>
      send("POST", "identity-providers", {
        name: "inside",
        issuer,
        clientId: "sealdesk",
        clientSecret: SECRET,
        redirectUris: [REDIRECT_URI],
        roles: [{ group: "support", role: "agent" }],
      }),
    ),
  );
  for (const { status, body } of answers) {
    expect([status, body.code]).toEqual([400, "invalid_identity_provider"]);
    expect(body.detail).toMatch(
      /^\S+ gave no usable answer\. The operator finds the reason with `sealdesk idp add` or `sealdesk idp test`\.$/,
    );
  }
  const byCommand = await idp("add", "inside", settings("https://10.0.0.1"), `${SECRET}\n`);
  expect(byCommand.err).toContain("Name its network in OUTGOING_NETWORKS");
});

test("a program is told the same of whatever answers at an address that it may name", async () => {
  const send = backendWith(server, await apiKeyOf(server));
  const service = await startDishonestProvider();
  const { issuer } = service;
  const provides = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
  };
  const isDiscovery = (path: string) => path === "/.well-known/openid-configuration";
  // What a service that is no provider, or a provider of somebody who maps the network, answers: by path.
  const answers: readonly ((path: string) => [status: number, body: unknown])[] = [
    () => [404, {}],
    () => [200, "no JSON"],
    () => [200, { service: "an inventory" }],
    () => [200, { ...provides, issuer: "https://other.example" }],
    () => [200, { ...provides, jwks_uri: undefined }],
    (path) => (isDiscovery(path) ? [200, provides] : [200, { keys: [] }]),
    (path) => (isDiscovery(path) ? [200, provides] : [500, {}]),
    (path) => {
      if (isDiscovery(path)) return [200, provides];
      return path === "/keys" ? [200, { keys: [{ kty: "EC" }] }] : [400, { error: "other" }];
    },
    (path) => {
      if (isDiscovery(path)) return [200, provides];
      return path === "/keys" ? [200, { keys: [{ kty: "EC" }] }] : [502, "no JSON"];
    },
  ];
  const told = new Set<string>();
  for (const answer of answers) {
    service.instead = (path, response) => {
      const [status, body] = answer(path);
      const headers = { "content-type": "application/json" };
      response
        .writeHead(status, headers)
        .end(typeof body === "string" ? body : JSON.stringify(body));
      return true;
    };
    const { status, body } = await send("POST", "identity-providers", {
      name: "inside",
      issuer,
      clientId: "sealdesk",
      clientSecret: SECRET,
      redirectUris: [REDIRECT_URI],
      roles: [{ group: "support", role: "agent" }],
    });
    expect([status, body.code]).toEqual([400, "invalid_identity_provider"]);
    told.add(String(body.detail).replace(/^\S+/, "URL"));
  }
  expect([...told]).toEqual([
    "URL gave no usable answer. The operator finds the reason with `sealdesk idp add` or `sealdesk idp test`.",
  ]);
  await service.close();
});

test("a tenant has at most 32 providers, and a refused one leaves no key", async () => {
  const tenant = await server.createTenant();
  const send = backendWith(server, await apiKeyOf(server, { tenant }), tenant);
  const add = (name: string) =>
    send("POST", "identity-providers", {
      name,
      issuer: provider.issuer,
      clientId: "sealdesk",
      clientSecret: SECRET,
      redirectUris: [REDIRECT_URI],
      roles: [{ group: "support", role: "agent" }],
    });
  expect((await add("first")).status).toBe(204);
  await server.database.owner.query(
    `insert into sealdesk.identity_providers
     select (p).* from (select jsonb_populate_record(p, jsonb_build_object('id', gen_random_uuid(), 'name', 'more-' || n)) as p
       from sealdesk.identity_providers p, generate_series(1, 31) n where p.tenant = $1) more`,
    [tenant.id],
  );
  const countKeys = async () =>
    (
      await server.database.owner.query<{ count: number }>(
        "select count(*)::int as count from keystore.subject_keys where tenant = $1",
        [tenant.id],
      )
    ).rows[0]?.count;
  const before = await countKeys();
  for (const [name, status, code] of [
    ["one-more", 409, "too_many_identity_providers"],
    ["first", 400, "invalid_identity_provider"],
  ] as const) {
    const refused = await add(name);
    expect([name, refused.status, refused.body.code]).toEqual([name, status, code]);
  }
  expect(await countKeys()).toBe(before);
});

test.each([
  ["a wrong secret", () => settings(provider.issuer), "refuses the client id or the secret"],
  ["a slash too many", () => settings(`${provider.issuer}/`), "character by character"],
  ["a wrong port", () => settings("http://127.0.0.1:1"), "gave no usable answer"],
  ["an issuer elsewhere without https", () => settings("http://idp.example"), "https URL"],
  [
    "an open redirect",
    () => [...settings(provider.issuer), "--redirect-uri", "http://evil.example/callback"],
    "A redirect URI is",
  ],
  [
    "a redirect URI that a browser writes in another way",
    () => [...settings(provider.issuer), "--redirect-uri", "https://desk.example"],
    "A redirect URI is",
  ],
  [
    "a role that does not exist",
    () => [...settings(provider.issuer), "--role", "a=root"],
    "GROUP=ROLE",
  ],
  [
    "customers by groups",
    () => [...settings(provider.issuer), "--role", "a=customer"],
    "GROUP=ROLE",
  ],
  ["a scope without openid", () => [...settings(provider.issuer), "--scope", "profile"], "openid"],
])("%s is refused in a sentence", async (_name, args, sentence) => {
  const { code, out, err } = await idp("add", "wrong", args(), "not the secret\n");
  expect([code, out]).toEqual([1, ""]);
  expect(err).toContain(sentence);
  expect(err).not.toContain("not the secret");
});

test.each<[string, object, string]>([
  [
    "only HMAC and none",
    { id_token_signing_alg_values_supported: ["none", "HS256"] },
    "Sealdesk accepts RS256",
  ],
  ["no PKCE", { code_challenge_methods_supported: ["plain"] }, "does not support PKCE"],
  [
    "a token endpoint without https",
    { token_endpoint: "http://idp.example/token" },
    "no usable token_endpoint. Every endpoint must be an https URL",
  ],
  ["no keys", { jwks_uri: undefined }, "no usable jwks_uri"],
  ["another issuer", { issuer: "https://other.example" }, "character by character"],
])("a provider with %s is refused", async (_name, changes, sentence) => {
  const dishonest: DishonestProvider = await startDishonestProvider();
  refuseCodes(dishonest);
  const { issuer } = dishonest;
  const before = dishonest.instead;
  dishonest.instead = (path, response) => {
    if (path !== "/.well-known/openid-configuration") return before(path, response);
    const published = {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/keys`,
      id_token_signing_alg_values_supported: ["ES256"],
      ...changes,
    };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(published));
    return true;
  };
  const { code, err } = await idp("add", "wrong", settings(issuer), "secret\n");
  expect(code).toBe(1);
  expect(err).toContain(sentence);
  await dishonest.close();
});
