import { scimUrns } from "../../../contract/provisioning.ts";
import { accountsIn, entriesAbout } from "../../support/provisioned-accounts.ts";
import { patchOf, startScimProvider, type ScimProvider } from "../../support/provisioning.ts";
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

const roleOf = async (id: string) => {
  const [account] = await accountsIn(server, id);
  return account === undefined ? "none" : account.disabled ? "disabled" : account.role;
};
const patch = (group: string, ...operations: readonly object[]) =>
  idp.scim("PATCH", `Groups/${group}`, patchOf(...operations));
const membersOf = async (group: string) =>
  (await idp.scim("GET", `Groups/${group}`)).body.members.map(
    ({ value }: { readonly value: string }) => value,
  );

test("a person gets an account with the first role of their groups, and loses it with the last", async () => {
  const id = await idp.person();
  expect(await roleOf(id)).toBe("none");
  const [others, support, leads] = [
    await idp.group("canteen", id),
    await idp.group("support"),
    await idp.group("leads"),
  ];
  expect(await roleOf(id)).toBe("none");
  await patch(support, { op: "Add", path: "members", value: [{ $ref: null, value: id }] });
  expect(await roleOf(id)).toBe("agent");
  await patch(leads, { op: "add", path: "members", value: [{ value: id, display: "x" }] });
  expect(await roleOf(id)).toBe("supervisor");
  await patch(leads, { op: "remove", path: `members[value eq "${id}"]` });
  expect(await roleOf(id)).toBe("agent");
  await patch(support, { op: "Remove", path: "members", value: [{ $ref: null, value: id }] });
  expect(await roleOf(id)).toBe("disabled");
  await patch(support, { op: "replace", value: { members: [{ value: id }] } });
  expect(await roleOf(id)).toBe("agent");
  expect(await membersOf(others)).toEqual([id]);
  const entries = await entriesAbout(server, id);
  expect(entries.filter(({ action }) => action === "user.set_role")).toMatchObject([
    {
      actor: { kind: "system", id: expect.stringMatching(/^api-key /) },
      details: { role: "supervisor", before: "agent", provider: idp.name },
    },
    { details: { role: "agent", before: "supervisor" } },
  ]);
});

test("Okta replaces members and renames a group with its id beside", async () => {
  const [one, two] = [await idp.person(), await idp.person()];
  const group = await idp.group("support", one);
  await patch(group, { op: "replace", path: "members", value: [{ value: two }] });
  expect([await roleOf(one), await roleOf(two)]).toEqual(["disabled", "agent"]);
  const renamed = await patch(group, { op: "replace", value: { id: group, displayName: "leads" } });
  expect([renamed.status, renamed.body.displayName]).toEqual([200, "leads"]);
  expect(await roleOf(two)).toBe("supervisor");
  const put = await idp.scim("PUT", `Groups/${group}`, {
    schemas: [scimUrns.group],
    displayName: "support",
    members: [{ value: one }, { value: two }],
  });
  expect(put.status).toBe(200);
  expect([await roleOf(one), await roleOf(two)]).toEqual(["agent", "agent"]);
  expect((await idp.scim("DELETE", `Groups/${group}`)).status).toBe(204);
  expect([await roleOf(one), await roleOf(two)]).toEqual(["disabled", "disabled"]);
  expect((await idp.scim("GET", `Groups/${group}`)).status).toBe(404);
});

test("Entra finds a group by its name without members, and asks whether somebody is in it", async () => {
  const [inside, outside] = [await idp.person(), await idp.person()];
  const id = await idp.group("Found by Entra", inside);
  const find = async (filter: string, more = "") =>
    (await idp.scim("GET", `Groups?filter=${encodeURIComponent(filter)}${more}`)).body;
  const found = await find('displayName eq "Found by Entra"', "&excludedAttributes=members");
  expect(found.Resources).toMatchObject([{ id, displayName: "Found by Entra" }]);
  expect(found.Resources[0]).not.toHaveProperty("members");
  const read = await idp.scim("GET", `Groups/${id}?excludedAttributes=members`);
  expect(read.body).toEqual(found.Resources[0]);
  expect((await find(`id eq "${id}" and members eq "${inside}"`)).totalResults).toBe(1);
  expect((await find(`id eq "${id}" and members eq "${outside}"`)).totalResults).toBe(0);
});

test("an operation that fails leaves nothing of the others", async () => {
  const id = await idp.person();
  const group = await idp.group("support");
  const { status, body } = await patch(
    group,
    { op: "add", path: "members", value: [{ value: id }] },
    { op: "add", path: "members", value: [{ value: "00000000-0000-4000-8000-000000000000" }] },
  );
  expect([status, body.scimType]).toEqual([400, "invalidValue"]);
  expect([await roleOf(id), await membersOf(group)]).toEqual(["none", []]);
});

test("members are named in capital letters too, and what is not understood changes nothing", async () => {
  const [one, two] = [await idp.person(), await idp.person()];
  const group = await idp.group("support", one, two);
  for (const operation of [
    { op: "add", path: `members[value eq "${one}"]`, value: [{ value: one }] },
    { op: "replace", path: `members[value eq "${one}"]`, value: { value: two } },
    { op: "remove", path: `members[value eq "${one}"].value` },
    { op: "remove", path: "members.value" },
    { op: "replace", path: "members.display", value: "x" },
  ]) {
    const { status, body } = await patch(group, operation);
    expect([operation, status, body.scimType]).toEqual([operation, 400, "invalidPath"]);
  }
  expect(await membersOf(group)).toEqual([one, two].toSorted());
  await patch(group, { op: "remove", path: `members[value eq "${one.toUpperCase()}"]` });
  expect(await membersOf(group)).toEqual([two]);
  await patch(group, { op: "remove", path: "members", value: [{ value: two.toUpperCase() }] });
  expect(await membersOf(group)).toEqual([]);
});

test("a PUT without members keeps them, and one with an empty list removes them", async () => {
  const id = await idp.person();
  const group = await idp.group("support", id);
  const put = (more: object) =>
    idp.scim("PUT", `Groups/${group}`, {
      schemas: [scimUrns.group],
      displayName: "support",
      ...more,
    });
  await put({});
  expect([await membersOf(group), await roleOf(id)]).toEqual([[id], "agent"]);
  await put({ members: [] });
  expect([await membersOf(group), await roleOf(id)]).toEqual([[], "disabled"]);
});

test("a group has at most 10,000 members", async () => {
  const group = await idp.group("many");
  const { owner } = server.database;
  await owner.query(
    `with people as (
       insert into sealdesk.provisioned_people (tenant, provider, user_id, user_name_index, attributes, active,
         gave_role, created_at_ms, changed_at_ms)
       select g.tenant, g.provider, gen_random_uuid(), sha256(n::text::bytea), '', true, false, 0, 0
       from sealdesk.provisioned_groups g, generate_series(1, 10000) n where g.id = $1
       returning tenant, provider, user_id)
     insert into sealdesk.provisioned_members (tenant, provider, group_id, user_id)
     select tenant, provider, $1, user_id from people`,
    [group],
  );
  const one = await idp.person();
  const more = await patch(group, { op: "add", path: "members", value: [{ value: one }] });
  expect([more.status, more.body.scimType]).toEqual([400, "invalidValue"]);
  await owner.query("delete from sealdesk.provisioned_people where attributes = ''");
  const added = await patch(group, { op: "add", path: "members", value: [{ value: one }] });
  expect(added.status).toBe(200);
});
