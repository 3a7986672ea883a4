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
