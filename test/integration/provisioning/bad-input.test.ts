import { scimUrns } from "../../../contract/provisioning.ts";
import { apiKeyOf } from "../../support/administration.ts";
import { accountsIn } from "../../support/provisioned-accounts.ts";
import {
  patchOf,
  personOf,
  scimWith,
  startScimProvider,
  type ScimProvider,
} from "../../support/provisioning.ts";
import { startProvider } from "../../support/identity-provider.ts";
import { startTestServer, type TestServer, type TestTenant } from "../../support/server.ts";

let server: TestServer;
let idp: ScimProvider;
let elsewhere: TestTenant;
let foreign: ScimProvider;
beforeAll(async () => {
  server = await startTestServer();
  idp = await startScimProvider(server);
  elsewhere = await server.createTenant();
  foreign = await startScimProvider(server, elsewhere);
});
afterAll(async () => {
  await Promise.all([idp.close(), foreign.close()]);
  await server.close();
});

const deep = (levels: number) => `${"(".repeat(levels)}userName eq "a"${")".repeat(levels)}`;

test.each([
  `userName eq "a' or '1'='1`,
  `userName eq 'a'`,
  `userName eq "a"; drop table users`,
  `userName eq "a" or userName eq "b"`,
  `not (userName eq "a")`,
  deep(1),
  deep(300),
  `emails[type eq "work"].value eq "a@b.example"`,
  `emails.value eq "a@b.example"`,
  `userName sw "a"`,
  `userName co ""`,
  `userName pr`,
  `password eq "a"`,
  `user_id eq "a"`,
  `__proto__ eq "a"`,
  `constructor eq "a"`,
  `userName eq "\\u0000"`,
  `userName eq "\\x"`,
  `userName eq "a" and`,
  `userName eq "a" userName eq "b"`,
  Array.from({ length: 5 }, () => `userName eq "a"`).join(" and "),
  `userName eq "${"a".repeat(2_000)}"`,
  " ",
])("the filter %s is refused", async (filter) => {
  for (const path of ["Users", "Groups"]) {
    const { status, body, type } = await idp.scim(
      "GET",
      `${path}?filter=${encodeURIComponent(filter)}`,
    );
    expect([status, type, body]).toEqual([
      400,
      "application/scim+json; charset=utf-8",
      {
        schemas: [scimUrns.error],
        status: "400",
        scimType: "invalidFilter",
        detail: expect.any(String),
      },
    ]);
  }
});

test("a quote in a value finds nobody else", async () => {
  await idp.person();
  for (const value of [`" or userName eq "`, `' or ''='`, `%`, `*`, `a\\b`, `\ud800`]) {
    const filter = encodeURIComponent(`userName eq ${JSON.stringify(value)}`);
    const { status, body } = await idp.scim("GET", `Users?filter=${filter}`);
    expect([value, status, body.totalResults]).toEqual([value, 200, 0]);
  }
});

test.each<[string, unknown, string]>([
  ["no schemas", { ...personOf(), schemas: undefined }, "invalidSyntax"],
  ["another schema alone", personOf({ schemas: [scimUrns.group] }), "invalidSyntax"],
  ["a list", [personOf()], "invalidSyntax"],
  ["no userName", { ...personOf(), userName: undefined }, "invalidSyntax"],
  ["an empty userName", personOf({ userName: "  " }), "invalidValue"],
  ["a userName of a megabyte", personOf({ userName: "a".repeat(1_025) }), "invalidSyntax"],
  ["active that is neither", personOf({ active: "perhaps" }), "invalidValue"],
  ["an externalId with NUL", personOf({ externalId: "a\u0000b" }), "invalidValue"],
  ["a broken text", "{", "invalidSyntax"],
])("a person with %s is refused", async (_what, body, scimType) => {
  const { status, body: error } = await idp.scim("POST", "Users", body);
  expect([status, error.schemas, error.scimType]).toEqual([400, [scimUrns.error], scimType]);
});

test("what a provider sends beside the attributes gives nothing", async () => {
  const sent = JSON.stringify(personOf()).replace(
    "{",
    `{"__proto__":{"active":false,"role":"admin"},"constructor":{"prototype":{"role":"admin"}},
      "id":"00000000-0000-4000-8000-000000000000","role":"admin","tenant":"${elsewhere.id}",
      "groups":[{"value":"x","display":"leads"}],"entitlements":[{"value":"admin"}],
      "password":"a passphrase of somebody else",`,
  );
  const { status, body } = await idp.scim("POST", "Users", sent);
  expect(status).toBe(201);
  expect(body.id).not.toBe("00000000-0000-4000-8000-000000000000");
  expect(await accountsIn(server, body.id)).toEqual([]);
  await idp.group("support", body.id);
  for (const operation of [
    { op: "add", path: "roles", value: [{ value: "admin" }] },
    { op: "replace", path: "role", value: "admin" },
    { op: "replace", path: "id", value: "00000000-0000-4000-8000-000000000000" },
    { op: "replace", path: "password", value: "a passphrase of somebody else" },
    { op: "add", path: "groups", value: [{ value: "x", display: "leads" }] },
    { op: "add", path: "__proto__", value: { active: false } },
    { op: "add", path: "constructor", value: { prototype: { active: false } } },
    {
      op: "add",
      path: "urn:ietf:params:scim:schemas:extension:other:2.0:User:active",
      value: false,
    },
    { op: "add", path: 'active[value eq "true"]', value: false },
  ])
    expect([
      operation,
      (await idp.scim("PATCH", `Users/${body.id}`, patchOf(operation))).status,
    ]).toEqual([operation, 200]);
  const { rows } = await server.database.owner.query(
    "select tenant, role, password_hash, disabled_at_ms from sealdesk.users where id = $1",
    [body.id],
  );
  expect(rows).toEqual([
    { tenant: server.tenant.id, role: "agent", password_hash: null, disabled_at_ms: null },
  ]);
  expect(Object.prototype).not.toHaveProperty("role");
});

test.each<[string, object, string]>([
  ["an unknown operation", { op: "test", path: "active", value: true }, "invalidValue"],
  ["a removal without a path", { op: "remove" }, "invalidPath"],
  ["a path that cannot be read", { op: "add", path: "a b[", value: 1 }, "invalidPath"],
  ["a nested path", { op: "add", path: "a[b[c eq 1] eq 1].d", value: 1 }, "invalidPath"],
  ["a text in place of attributes", { op: "add", value: "active" }, "invalidValue"],
  ["a removal of userName", { op: "remove", path: "userName" }, "invalidValue"],
  ["active that is neither", { op: "replace", path: "active", value: "0" }, "invalidValue"],
  ["an object as a name", { op: "replace", path: "userName", value: { a: 1 } }, "invalidValue"],
])("a PATCH with %s is refused", async (_what, operation, scimType) => {
  const id = await idp.person();
  const { status, body } = await idp.scim("PATCH", `Users/${id}`, patchOf(operation));
  expect([status, body.scimType]).toEqual([400, scimType]);
});

test("too many operations and members are refused", async () => {
  const id = await idp.person();
  const many = patchOf(
    ...Array.from({ length: 101 }, () => ({ op: "add", path: "title", value: "" })),
  );
  expect((await idp.scim("PATCH", `Users/${id}`, many)).status).toBe(400);
  const members = Array.from({ length: 1_001 }, () => ({ value: id }));
  const group = { schemas: [scimUrns.group], displayName: "many", members };
  expect((await idp.scim("POST", "Groups", group)).status).toBe(400);
});

test("the people and groups of another tenant are not there", async () => {
  const id = await foreign.person();
  const group = await foreign.group("support", id);
  const own = await idp.group("support");
  for (const [method, path, body] of [
    ["GET", `Users/${id}`],
    ["PUT", `Users/${id}`, personOf()],
    ["PATCH", `Users/${id}`, patchOf({ op: "replace", path: "active", value: false })],
    ["DELETE", `Users/${id}`],
    ["GET", `Groups/${group}`],
    ["PATCH", `Groups/${group}`, patchOf({ op: "remove", path: "members" })],
    ["DELETE", `Groups/${group}`],
    ["GET", "Users/not-an-id"],
  ] as const)
    expect([method, path, (await idp.scim(method, path, body)).status]).toEqual([
      method,
      path,
      404,
    ]);
  const added = await idp.scim(
    "PATCH",
    `Groups/${own}`,
    patchOf({ op: "add", path: "members", value: [{ value: id }] }),
  );
  expect([added.status, added.body.scimType]).toEqual([400, "invalidValue"]);
  expect(await accountsIn(server, id)).toEqual([{ role: "agent", disabled: false }]);
});

test("a key opens its own tenant and provider alone, needs the scope, and a provider that takes part", async () => {
  const jit = await startProvider(server);
  const key = await apiKeyOf(server, { scopes: [`scim:${jit.name}`, "scim:no-such-provider"] });
  expect((await scimWith(server, key, idp.base)("GET", "Users")).status).toBe(403);
  expect((await scimWith(server, key, idp.base)("POST", "Users", personOf())).status).toBe(403);
  const foreignBase = `/scim/v2/${elsewhere.slug}/${foreign.name}`;
  expect((await scimWith(server, key, foreignBase)("GET", "Users")).status).toBe(401);
  expect((await scimWith(server, "nonsense", idp.base)("GET", "Users")).body).toMatchObject({
    schemas: [scimUrns.error],
    status: "401",
  });
  for (const name of [jit.name, "no-such-provider"]) {
    const base = `/scim/v2/${server.tenant.slug}/${name}`;
    for (const [method, body] of [["GET"], ["POST", personOf()]] as const)
      expect((await scimWith(server, key, base)(method, "Users", body)).status).toBe(404);
  }
  await jit.close();
  const confined = await apiKeyOf(server, { scopes: ["read_staff", "create_staff", "set_role"] });
  const without = scimWith(server, confined, idp.base);
  const id = await idp.person();
  for (const [method, path, body] of [
    ["GET", "Users"],
    ["GET", "ServiceProviderConfig"],
    ["POST", "Users", personOf()],
    ["DELETE", `Users/${id}`],
  ] as const)
    expect([path, (await without(method, path, body)).status]).toEqual([path, 403]);
  const refusals = (await server.auditEntries()).filter(({ outcome }) => outcome === "refused");
  expect(refusals).toContainEqual(
    expect.objectContaining({
      action: "provisioning.remove_person",
      reason: "forbidden",
      decision: { allowed: false, reasons: ["scope_missing"] },
    }),
  );
});

test("two accounts of one name differ by a number, and a local account is never taken over", async () => {
  const local = await server.createStaff("admin");
  const id = await idp.person({ userName: local.username });
  await idp.group("support", id);
  expect(id).not.toBe(local.id);
  expect(await accountsIn(server, local.id)).toEqual([{ role: "admin", disabled: false }]);
  expect(await accountsIn(server, id)).toEqual([{ role: "agent", disabled: false }]);
});

test("the server describes itself", async () => {
  const config = await idp.scim("GET", "ServiceProviderConfig");
  expect([config.status, config.body]).toMatchObject([
    200,
    { patch: { supported: true }, bulk: { supported: false }, filter: { maxResults: 100 } },
  ]);
  const types = (await idp.scim("GET", "ResourceTypes")).body.Resources;
  expect(types.map(({ endpoint }: { readonly endpoint: string }) => endpoint)).toEqual([
    "/Users",
    "/Groups",
  ]);
  const { body } = await idp.scim("GET", "Schemas");
  expect(body.Resources.map(({ id }: { readonly id: string }) => id)).toEqual([
    scimUrns.user,
    scimUrns.group,
  ]);
});
