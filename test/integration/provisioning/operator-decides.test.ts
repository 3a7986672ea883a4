import { randomUUID } from "node:crypto";
import { disableAccount, enableAccount } from "../../../identity/accounts/disable-account.ts";
import { linkIdentity } from "../../../identity/providers/link-identity.ts";
import { AtRest } from "../../../tools/testkit/at-rest.ts";
import { accountsIn, entriesAbout } from "../../support/provisioned-accounts.ts";
import { putInForce } from "../../support/policy-versions.ts";
import {
  patchOf,
  personOf,
  startScimProvider,
  type ScimProvider,
} from "../../support/provisioning.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer, type TestStaff } from "../../support/server.ts";

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
const replace = (id: string, value: object) =>
  idp.scim("PATCH", `Users/${id}`, patchOf({ op: "replace", value }));
const linkOf = async (id: string) => {
  const { rows } = await server.database.owner.query<{ link: Buffer | null }>(
    "select identity_index as link from sealdesk.users where id = $1",
    [id],
  );
  return rows[0]?.link;
};

/** What the operator does to an account. */
const byOperator = async (act: typeof disableAccount | typeof enableAccount, id: string) =>
  act(
    server.database.ownerUrl,
    { usernameIndexes: () => [] },
    {
      tenant: server.tenant.id,
      account: { user: id as TestStaff["id"] },
      nowMs: server.clock.now(),
    },
  );

async function linkByOperator(username: string, subject: string): Promise<void> {
  const { ownerUrl } = server.database;
  const atRest = await AtRest.open(server.home, ownerUrl);
  await linkIdentity(
    { ownerUrl, profiles: atRest.profiles, blindIndexKeys: () => atRest.blindIndexKeys },
    {
      tenant: server.tenant.id,
      provider: idp.name,
      account: { username },
      subject,
      nowMs: server.clock.now(),
    },
  );
  await atRest.close();
}

test("a provider does not open an account that the operator disabled, before or after its own act", async () => {
  const [first, second] = [await idp.person(), await idp.person()];
  const group = await idp.group("support", first, second);
  await byOperator(disableAccount, first);
  await replace(second, { active: false });
  await byOperator(disableAccount, second);
  for (const id of [first, second]) {
    await replace(id, { active: false });
    await replace(id, { active: true });
    const membership = { path: "members", value: [{ value: id }] };
    await idp.scim("PATCH", `Groups/${group}`, patchOf({ op: "remove", ...membership }));
    await idp.scim("PATCH", `Groups/${group}`, patchOf({ op: "add", ...membership }));
    expect(await roleOf(id)).toBe("disabled");
    await byOperator(enableAccount, id);
    expect(await roleOf(id)).toBe("agent");
  }
  const { rowCount } = await server.database.owner.query("select from sealdesk.departures");
  expect(rowCount).toBe(0);
});

test("an account keeps its externalId, and the operator's link stays", async () => {
  const sent = personOf();
  const id = await idp.person(sent);
  const other = `other-${randomUUID()}`;
  expect((await replace(id, { externalId: other })).status).toBe(200);
  await idp.group("support", id);
  for (const change of [
    { op: "replace", value: { externalId: "x" } },
    { op: "remove", path: "externalId" },
  ]) {
    const { status, body } = await idp.scim("PATCH", `Users/${id}`, patchOf(change));
    expect([status, body.scimType]).toEqual([400, "mutability"]);
  }
  const before = await linkOf(id);
  await linkByOperator(sent.userName, `of the operator ${id}`);
  const linked = await linkOf(id);
  expect(linked).not.toEqual(before);
  const { externalId: _, ...rest } = sent;
  const put = await idp.scim("PUT", `Users/${id}`, { ...rest, displayName: "New" });
  expect([put.status, put.body.externalId]).toEqual([200, other]);
  await replace(id, { active: false });
  await replace(id, { active: true });
  expect(await linkOf(id)).toEqual(linked);
  const changed = (await entriesAbout(server, id)).flatMap(({ action, outcome, details }) =>
    action === "provisioning.change_person" && outcome === "success"
      ? [(details as { readonly changed: unknown }).changed]
      : [],
  );
  expect(changed).toEqual([["externalId"], ["displayName"], ["active"], ["active"]]);
});

test("an account from before stays open until the provider gives it a role or says that the person left", async () => {
  const [staying, leaving] = [
    await server.createStaff("auditor"),
    await server.createStaff("auditor"),
  ];
  for (const staff of [staying, leaving]) {
    await linkByOperator(staff.username, `before ${staff.id}`);
    const person = { externalId: `before ${staff.id}`, userName: staff.username };
    expect(await idp.person(person)).toBe(staff.id);
    await replace(staff.id, { displayName: "New" });
    expect(await roleOf(staff.id)).toBe("auditor");
  }
  await replace(leaving.id, { active: false });
  expect(await roleOf(leaving.id)).toBe("disabled");
  const group = await idp.group("support", staying.id);
  expect(await roleOf(staying.id)).toBe("agent");
  await idp.scim("DELETE", `Groups/${group}`);
  expect(await roleOf(staying.id)).toBe("disabled");
});

test("nobody's name is opened to disable or to remove an account", async () => {
  const [left, removed] = [await idp.person(), await idp.person()];
  const group = await idp.group("support", left, removed);
  await server.database.owner.query(
    "update sealdesk.provisioned_people set attributes = '\\x00' where user_id = any($1)",
    [[left, removed]],
  );
  expect((await idp.scim("DELETE", `Users/${removed}`)).status).toBe(204);
  expect((await idp.scim("DELETE", `Groups/${group}`)).status).toBe(204);
  expect([await roleOf(left), await roleOf(removed)]).toEqual(["disabled", "disabled"]);
  expect((await idp.scim("DELETE", `Users/${left}`)).status).toBe(204);
});

test("the log says what SCIM did to accounts", async () => {
  const linked = await idp.person();
  const unlinked = await idp.person({ externalId: undefined });
  await idp.group("leads", linked, unlinked);
  expect(await linkOf(unlinked)).toBeNull();
  expect((await replace(unlinked, { externalId: `late ${unlinked}` })).status).toBe(200);
  expect(await linkOf(unlinked)).not.toBeNull();
  await replace(linked, { active: false });
  const slug = ["--tenant", server.tenant.slug];
  expect(await runSealdesk(server, ["audit", "reconcile", ...slug])).toMatchObject({ code: 0 });
});

test("a provider does not enable an account if the policy demands a second person for a reset", async () => {
  const person = await idp.person();
  await idp.group("support", person);
  await replace(person, { active: false });
  const secondPerson = [{ resource: "directory", action: "reset_account" }];
  await putInForce(server, server.tenant, { secondPerson });
  expect((await replace(person, { active: true })).status).toBe(403);
  expect(await roleOf(person)).toBe("disabled");
  expect(await server.auditEntries()).toContainEqual(
    expect.objectContaining({ outcome: "refused", reason: "approval_required" }),
  );
  await byOperator(enableAccount, person);
  expect((await replace(person, { active: true })).status).toBe(200);
  expect(await roleOf(person)).toBe("agent");
});
