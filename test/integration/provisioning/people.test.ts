import { scimUrns } from "../../../contract/provisioning.ts";
import { accountsIn, entriesAbout } from "../../support/provisioned-accounts.ts";
import {
  patchOf,
  personOf,
  startScimProvider,
  type ScimProvider,
} from "../../support/provisioning.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
let idp: ScimProvider;
beforeAll(async () => {
  server = await startTestServer();
  idp = await startScimProvider(server);
});
afterAll(async () => {
  await idp.close();
  await server.close();
});

const read = async (id: string) => (await idp.scim("GET", `Users/${id}`)).body;
const find = async (filter: string) =>
  (await idp.scim("GET", `Users?filter=${encodeURIComponent(filter)}`)).body;

test("a person is written, read and found; what is not needed is dropped", async () => {
  const sent = personOf();
  const created = await idp.scim("POST", "Users", sent);
  expect([created.status, created.type]).toEqual([201, "application/scim+json; charset=utf-8"]);
  const { id } = created.body;
  expect(created.body).toEqual({
    schemas: [scimUrns.user],
    id,
    userName: sent.userName,
    externalId: sent.externalId,
    displayName: sent.displayName,
    active: true,
    meta: {
      resourceType: "User",
      created: expect.any(String),
      lastModified: expect.any(String),
      location: `${server.url}${idp.base}/Users/${id}`,
    },
  });
  expect(await read(id)).toEqual(created.body);
  for (const filter of [
    `userName eq "${sent.userName}"`,
    `USERNAME Eq "${sent.userName.toUpperCase()}"`,
    `${scimUrns.user}:userName eq "${sent.userName}"`,
    `externalId eq "${sent.externalId}"`,
    `id eq "${id}" and active eq true`,
  ])
    expect([filter, await find(filter)]).toEqual([
      filter,
      {
        schemas: [scimUrns.list],
        totalResults: 1,
        startIndex: 1,
        itemsPerPage: 1,
        Resources: [created.body],
      },
    ]);
  for (const filter of [
    `userName eq "another@example.test"`,
    `externalId eq "${sent.externalId.toUpperCase()}"`,
    `id eq "${id}" and active eq false`,
    `id eq "nobody"`,
  ])
    expect([filter, (await find(filter)).totalResults]).toEqual([filter, 0]);
});

test("nothing of a person is stored or logged in the clear", async () => {
  const sent = personOf();
  await idp.scim("POST", "Users", sent);
  await find(`userName eq "${sent.userName}"`);
  const { rows } = await server.database.owner.query<{ row: string }>(
    "select row(p.*)::text as row from sealdesk.provisioned_people p",
  );
  const kept = JSON.stringify([rows, await server.auditEntries(), server.logged()]);
  const texts = [sent.userName, sent.externalId, sent.displayName, "+49 30 901820"];
  for (const text of texts) {
    expect(kept.includes(text)).toBe(false);
    expect(kept.includes(Buffer.from(text).toString("hex"))).toBe(false);
  }
});

test("pages follow each other", async () => {
  for (let n = 0; n < 3; n++) await idp.person();
  const all = (await idp.scim("GET", "Users")).body;
  const seen: string[] = [];
  for (let startIndex = 1; startIndex <= all.totalResults; startIndex += 2) {
    const { body } = await idp.scim("GET", `Users?startIndex=${startIndex}&count=2`);
    expect(body.totalResults).toBe(all.totalResults);
    seen.push(...body.Resources.map(({ id }: { readonly id: string }) => id));
  }
  expect(seen).toEqual(all.Resources.map(({ id }: { readonly id: string }) => id));
  const none = (await idp.scim("GET", "Users?startIndex=-4&count=0")).body;
  expect(none).toMatchObject({ startIndex: 1, itemsPerPage: 0, Resources: [] });
});

test("userName and externalId are one person's, in capital letters too", async () => {
  const sent = personOf();
  await idp.scim("POST", "Users", sent);
  for (const twin of [
    personOf({ userName: sent.userName.toUpperCase() }),
    personOf({ externalId: sent.externalId }),
  ]) {
    const { status, body } = await idp.scim("POST", "Users", twin);
    expect([status, body]).toEqual([
      409,
      { schemas: [scimUrns.error], status: "409", scimType: "uniqueness", detail: body.detail },
    ]);
  }
  const other = await idp.person();
  const put = await idp.scim("PUT", `Users/${other}`, sent);
  expect([put.status, put.body.scimType]).toEqual([409, "uniqueness"]);
});

describe.each<[string, unknown]>([
  ["Entra, with a path and a text", patchOf({ op: "Replace", path: "active", value: "False" })],
  ["Entra, without a path", patchOf({ op: "replace", value: { active: "False" } })],
  [
    "Entra, a list",
    patchOf({ op: "Replace", path: "active", value: [{ $ref: null, value: "False" }] }),
  ],
  [
    "Entra, its flag for standard requests",
    patchOf({ op: "replace", path: "active", value: false }),
  ],
  ["Okta", patchOf({ op: "replace", value: { active: false } })],
  [
    "a path with its schema",
    patchOf({ op: "replace", path: `${scimUrns.user}:active`, value: false }),
  ],
  [
    "a member with its schema",
    patchOf({ op: "replace", value: { [`${scimUrns.user}:active`]: false } }),
  ],
  [
    "Entra, among attributes that are dropped",
    patchOf(
      { op: "Add", path: 'emails[type eq "work"].value', value: "x@example.org" },
      { op: "Replace", path: "name.familyName", value: "Other" },
      { op: "Replace", path: "active", value: "False" },
      {
        op: "Add",
        path: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        value: "Sales",
      },
    ),
  ],
])("deactivation by PATCH: %s", (_what, patch) => {
  test("closes the account", async () => {
    const id = await idp.person();
    await idp.group("support", id);
    expect(await accountsIn(server, id)).toEqual([{ role: "agent", disabled: false }]);
    const { status, body } = await idp.scim("PATCH", `Users/${id}`, patch);
    expect([status, body.active]).toEqual([200, false]);
    expect(await accountsIn(server, id)).toEqual([{ role: "agent", disabled: true }]);
    expect((await read(id)).active).toBe(false);
  });
});

test("Okta reads a person and puts it back with active false, and true again", async () => {
  const id = await idp.person();
  await idp.group("leads", id);
  const whole = await read(id);
  const put = await idp.scim("PUT", `Users/${id}`, { ...whole, active: false });
  expect([put.status, put.body.active]).toEqual([200, false]);
  expect(await accountsIn(server, id)).toEqual([{ role: "supervisor", disabled: true }]);
  await idp.scim("PUT", `Users/${id}`, { ...whole, active: true });
  expect(await accountsIn(server, id)).toEqual([{ role: "supervisor", disabled: false }]);
  const actions = (await entriesAbout(server, id)).map(({ action }) => action);
  expect(actions).toEqual([
    "provisioning.create_person",
    "provisioning.add_member",
    "provisioning.give_role",
    "user.create",
    "user.disable",
    "provisioning.change_person",
    "user.enable",
    "provisioning.change_person",
  ]);
});

test("PUT without active leaves a person as they are", async () => {
  const id = await idp.person({ active: false });
  const { active: _, ...rest } = await read(id);
  expect((await idp.scim("PUT", `Users/${id}`, rest)).body.active).toBe(false);
});

test("a person who is removed has no account, is not found, and comes back to the same account", async () => {
  const sent = personOf();
  const id = await idp.person(sent);
  await idp.group("support", id);
  expect((await idp.scim("DELETE", `Users/${id}`)).status).toBe(204);
  expect(await accountsIn(server, id)).toEqual([{ role: "agent", disabled: true }]);
  const gone = await idp.scim("GET", `Users/${id}`);
  expect([gone.status, gone.body.status, gone.type]).toEqual([
    404,
    "404",
    "application/scim+json; charset=utf-8",
  ]);
  expect((await idp.scim("DELETE", `Users/${id}`)).status).toBe(404);
  const back = await idp.person(sent);
  expect(back).toBe(id);
  await idp.group("support", back);
  expect(await accountsIn(server, id)).toEqual([{ role: "agent", disabled: false }]);
});

test("a new name reaches the account", async () => {
  const id = await idp.person();
  await idp.group("support", id);
  const renamed = await idp.scim(
    "PATCH",
    `Users/${id}`,
    patchOf({ op: "Replace", path: "displayName", value: "Mira Neu" }),
  );
  expect(renamed.body.displayName).toBe("Mira Neu");
  expect((await entriesAbout(server, id)).map(({ action }) => action)).toContain("user.rename");
});
