/** Teams from the groups of identity providers, over OpenID Connect and over SCIM, and by hand. */
import type { ConversationId } from "../../../crypto/wire/ids.ts";
import { decodeStaffCertificate } from "../../../crypto/wire/staff-certificate.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { addMember, creationBody } from "../../support/acts.ts";
import { apiKeyOf, backendWith } from "../../support/administration.ts";
import { customerDevice, staffDevice, TestDevice } from "../../support/device.ts";
import { ada, startProvider, type TestProvider } from "../../support/identity-provider.ts";
import { putInForce } from "../../support/policy-versions.ts";
import { entriesAbout } from "../../support/provisioned-accounts.ts";
import { grantFrom } from "../../support/provider-grant.ts";
import { patchOf, startScimProvider, type ScimProvider } from "../../support/provisioning.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
let oidc: TestProvider;
let scim: ScimProvider;
let backend: ReturnType<typeof backendWith>;
beforeAll(async () => {
  server = await startTestServer();
  oidc = await startProvider(server, {
    teams: [
      { group: "claims-dept", team: "claims" },
      { group: "claims-trainees", team: "claims" },
      { group: "cards-dept", team: "cards" },
    ],
  });
  scim = await startScimProvider(server);
  backend = backendWith(server, await apiKeyOf(server));
});
afterAll(async () => {
  await oidc.close();
  await scim.close();
  await server.close();
});

const teamsOf = async (user: string): Promise<readonly string[]> => {
  const { rows } = await server.database.owner.query<{ team: string }>(
    "select team from sealdesk.team_members where user_id = $1 order by team",
    [user],
  );
  return rows.map(({ team }) => team);
};
async function signIn(...groups: readonly string[]): Promise<TestDevice> {
  oidc.setGroups(ada.id, ...groups);
  const device = new TestDevice(server);
  await device.signIn(await grantFrom(oidc, device, ada.id));
  return device;
}
const map = (provider: { readonly name: string }, teams: Readonly<Record<string, string>>) =>
  backend("PUT", `identity-providers/${provider.name}/teams`, {
    teams: Object.entries(teams).map(([group, team]) => ({ group, team })),
  });
const byHand = (method: "PUT" | "DELETE", team: string, user: string) =>
  backend(method, `teams/${team}/members/${user}`);
const certifiedTeams = async (user: string): Promise<readonly string[] | undefined> => {
  const { rows } = await server.database.owner.query<{ certificate: Uint8Array }>(
    "select certificate from sealdesk.staff_certificates where user_id = $1",
    [user],
  );
  return rows[0] && decodeStaffCertificate(rows[0].certificate).teams;
};
const membershipEntries = async (user: string) =>
  (await entriesAbout(server, user)).flatMap(({ action, details }) =>
    String(action).startsWith("team.") ? [[action, details]] : [],
  );

test("each sign-in gives the teams of the person's groups, and takes those of groups that they left", async () => {
  const device = await signIn("support", "claims-dept", "claims-trainees");
  const { user } = device;
  expect(await teamsOf(user)).toEqual(["claims"]);
  await device.register();
  await until(async () => (await certifiedTeams(user))?.join() === "claims");
  await signIn("support", "cards-dept", "claims-trainees");
  expect(await teamsOf(user)).toEqual(["cards", "claims"]);
  await signIn("support", "cards-dept");
  expect(await teamsOf(user)).toEqual(["cards"]);
  await until(async () => (await certifiedTeams(user))?.join() === "cards");
  // Without a group with a role the person does not sign in, and is in no team any more.
  await signIn("cards-dept");
  expect(await teamsOf(user)).toEqual([]);
  const provider = oidc.name;
  expect(await membershipEntries(user)).toEqual([
    ["team.add_member", { team: "claims", provider }],
    ["team.add_member", { team: "cards", provider }],
    ["team.remove_member", { team: "claims", provider }],
    ["team.remove_member", { team: "cards", provider }],
  ]);
});

test("over SCIM, a membership follows the group at once, and ends when the person departs", async () => {
  expect((await map(scim, { underwriting: "claims", night: "night" })).status).toBe(204);
  const id = await scim.person();
  await scim.group("support", id);
  const underwriting = await scim.group("underwriting", id);
  expect(await teamsOf(id)).toEqual(["claims"]);
  // Another name is another group, as for roles.
  const rename = patchOf({ op: "replace", path: "displayName", value: "night" });
  await scim.scim("PATCH", `Groups/${underwriting}`, rename);
  expect(await teamsOf(id)).toEqual(["night"]);
  await map(scim, { night: "emergencies" });
  expect(await teamsOf(id)).toEqual(["emergencies"]);
  await scim.scim("DELETE", `Groups/${underwriting}`);
  expect(await teamsOf(id)).toEqual([]);
  await scim.group("night", id);
  await scim.scim("PATCH", `Users/${id}`, patchOf({ op: "replace", path: "active", value: false }));
  expect(await teamsOf(id)).toEqual([]);
  expect((await membershipEntries(id)).at(-1)).toEqual([
    "team.remove_member",
    { team: "emergencies", provider: scim.name },
  ]);
  // Who comes back is in the teams of the groups.
  await scim.scim("PATCH", `Users/${id}`, patchOf({ op: "replace", path: "active", value: true }));
  expect(await teamsOf(id)).toEqual(["emergencies"]);
});

test("a membership that a group gives is not edited by hand, and the directory takes one over", async () => {
  const { user } = await signIn("support", "claims-dept");
  for (const method of ["PUT", "DELETE"] as const) {
    const { status, body } = await byHand(method, "claims", user);
    expect([status, body.code]).toEqual([409, "team_follows_directory"]);
    expect(body.detail).toContain(oidc.name);
  }
  // Somebody whom no group puts into the team is edited by hand.
  const colleague = await server.createStaff("agent");
  const args = ["--tenant", server.tenant.slug, "--team", "claims"];
  const add = ["team", "add", ...args, "--username", colleague.username];
  expect(await runSealdesk(server, add)).toMatchObject({ code: 0, err: "" });
  const listed = await runSealdesk(server, ["team", "list", "--tenant", server.tenant.slug]);
  expect(listed.out).toContain(`claims  ${colleague.username}\n`);
  expect(listed.out).toMatch(new RegExp(`^claims  ada@example\\.test\\S*  by ${oidc.name}$`, "m"));
  const remove = ["team", "remove", ...args, "--username", colleague.username];
  expect(await runSealdesk(server, remove)).toMatchObject({ code: 0, err: "" });
  expect(await teamsOf(colleague.id)).toEqual([]);

  expect((await byHand("PUT", "cards", user)).status).toBe(204);
  await signIn("support", "claims-dept", "cards-dept");
  expect((await byHand("DELETE", "cards", user)).body.code).toBe("team_follows_directory");
  await signIn("support");
  expect(await teamsOf(user)).toEqual([]);
  const customer = await customerDevice(server);
  expect((await byHand("PUT", "claims", customer.user)).body.code).toBe("user_not_found");
});

test("officers are alerted to a membership by hand, and not to one that follows a group", async () => {
  const alertsOf = async (user: string) => {
    const { rowCount } = await server.database.owner.query(
      "select from sealdesk.alerts where subject = $1 and action = 'team.add_member'",
      [user],
    );
    return rowCount;
  };
  const { user } = await signIn("support");
  const before = await alertsOf(user);
  await signIn("support", "claims-dept");
  expect([await teamsOf(user), await alertsOf(user)]).toEqual([["claims"], before]);
  const { id: colleague } = await server.createStaff("agent");
  expect((await byHand("PUT", "claims", colleague)).status).toBe(204);
  expect(await alertsOf(colleague)).toBe(1);
});

test("nobody stays in a team whose mapping ends while they sign in", async () => {
  const { id } = await server.createStaff("agent");
  let unmapping: Promise<unknown> | undefined;
  let isOver = false;
  await inTransaction(server.database.pool, server.tenant.id, async (client) => {
    await client.query(
      "select sealdesk.follow_groups($1, p.id, '{cards-dept}', 0) from identity_providers p where name = $2",
      [id, oidc.name],
    );
    unmapping = map(oidc, { "claims-dept": "claims" }).finally(() => (isOver = true));
    await until(async () => {
      const { rowCount } = await server.database.owner.query(
        "select from pg_stat_activity where application_name = 'sealdesk-operator' and wait_event_type = 'Lock'",
      );
      return isOver || rowCount !== 0;
    });
  });
  await unmapping;
  expect(await teamsOf(id)).toEqual([]);
  await map(oidc, {
    "claims-dept": "claims",
    "claims-trainees": "claims",
    "cards-dept": "cards",
  });
});

test("who is in a team by a group that is mapped no more leaves it at once", async () => {
  const { user } = await signIn("support", "claims-dept", "cards-dept");
  await map(oidc, { "cards-dept": "cards", fraud: "claims" });
  expect(await teamsOf(user)).toEqual(["cards"]);
  const { body } = await backend("GET", "teams");
  expect(body.memberships).toContainEqual({ team: "cards", user, provider: oidc.name });
  await backend("PUT", `teams/night/members/${user}`);
  await backend("POST", `staff/${user}/disable`);
  expect(await teamsOf(user)).toEqual([]);
  expect((await byHand("PUT", "night", user)).body.code).toBe("account_disabled");
  // What is stored is what the entries say.
  const reconcile = ["audit", "reconcile", "--tenant", server.tenant.slug];
  expect(await runSealdesk(server, reconcile)).toMatchObject({ code: 0, err: "" });
  await server.database.owner.query(
    `insert into sealdesk.team_members (tenant, team, user_id, since_ms) values ($1, 'claims', $2, $3)`,
    [server.tenant.id, user, server.clock.now()],
  );
  const differs = await runSealdesk(server, reconcile);
  expect(differs.code).not.toBe(0);
  expect(differs.out + differs.err).toContain(`sealdesk.team_members claims ${user}`);
  await server.database.owner.query("delete from sealdesk.team_members where user_id = $1", [user]);
});

test("an account that is linked to another person leaves the teams that groups gave it, and no other", async () => {
  await map(oidc, { "claims-dept": "claims" });
  const { id: staff } = await server.createStaff("agent");
  const link = (subject: string) =>
    backend("PUT", `staff/${staff}/identity`, { provider: oidc.name, subject });
  const bob = { id: "bob-at-the-provider", username: "bob@example.test", name: "Bob", groups: [] };
  oidc.people.push(bob);
  expect((await link(bob.id)).status).toBe(200);
  oidc.setGroups(bob.id, "support", "claims-dept");
  const device = new TestDevice(server);
  await device.signIn(await grantFrom(oidc, device, bob.id));
  expect(device.user).toBe(staff);
  await byHand("PUT", "night", staff);
  expect(await teamsOf(staff)).toEqual(["claims", "night"]);
  expect((await link("another")).body).toEqual({ sessionsEnded: 1 });
  expect(await teamsOf(staff)).toEqual(["night"]);
  // Sessions that the link has ended do not come back unseen.
  await server.database.owner.query(
    "update sealdesk.sessions set revoked_at_ms = null where user_id = $1",
    [staff],
  );
  const reconcile = ["audit", "reconcile", "--tenant", server.tenant.slug];
  const { out, err } = await runSealdesk(server, reconcile);
  expect(out + err).toMatch(new RegExp(`sealdesk\\.sessions \\S+ says account ${staff}`));
  await server.database.owner.query(
    "update sealdesk.sessions set revoked_at_ms = 1 where user_id = $1",
    [staff],
  );
});

test("the server's login puts nobody into a team that is not mapped to a group of the provider", async () => {
  const { id } = await server.createStaff("agent");
  const { id: tenant } = server.tenant;
  const customer = await customerDevice(server);
  const follow = (user: string, groups: readonly string[]) =>
    inTransaction(server.database.pool, tenant, (client) =>
      client.query(
        `select sealdesk.follow_groups($1, p.id, $2, 0) from identity_providers p where p.name = $3`,
        [user, groups, oidc.name],
      ),
    );
  await follow(id, ["anything"]);
  await follow(customer.user, ["cards-dept"]);
  expect([await teamsOf(id), await teamsOf(customer.user)]).toEqual([[], []]);
  const { id: disabled } = await server.createStaff("agent");
  await backend("POST", `staff/${disabled}/disable`);
  await follow(disabled, ["cards-dept"]);
  expect(await teamsOf(disabled)).toEqual([]);
  // An erased account is in no team, and is put into none.
  const { id: erased } = await server.createStaff("agent");
  await byHand("PUT", "claims", erased);
  await server.database.owner.query(
    "update sealdesk.users set erased_at_ms = 1, fenced_at_ms = 1, username_index = null where id = $1",
    [erased],
  );
  await follow(erased, ["cards-dept"]);
  expect(await teamsOf(erased)).toEqual([]);
  await expect(
    inTransaction(server.database.pool, tenant, (client) =>
      client.query("insert into team_members values ($1, 'claims', $2, null, 0)", [tenant, id]),
    ),
  ).rejects.toThrow("permission denied");
});

test("a policy lets agents join the conversations of their team alone, and leaving the team ends that", async () => {
  const tenant = await server.createTenant();
  const mine = backendWith(server, await apiKeyOf(server, { tenant }), tenant);
  await putInForce(server, tenant, {
    off: ["conversation.join", "conversation.read_members_to_join"],
    add: (["conversation.join", "conversation.read_members_to_join"] as const).map((narrows) => ({
      id: `local.team_${narrows === "conversation.join" ? "joins" : "reads"}`,
      narrows,
      actions: [narrows === "conversation.join" ? "add_member" : "read_members"],
      roles: ["agent", "supervisor"] as const,
      conditions: { teamMembers: "$actor.user" },
      means: "The actor is in the team of the conversation.",
    })),
  });
  const officer = await staffDevice(server, "compliance_officer", tenant);
  const customer = await customerDevice(server, undefined, tenant);
  const [first, agent] = [
    await staffDevice(server, "agent", tenant),
    await staffDevice(server, "agent", tenant),
  ];
  const begin = async (): Promise<ConversationId> => {
    const body = await creationBody(customer, [first.user]);
    expect((await customer.request("POST", "/v1/conversations", { body })).status).toBe(201);
    const labels = { team: "claims" };
    const path = `/v1/conversations/${body.id}/classification`;
    expect((await officer.request("PUT", path, { body: labels })).status).toBe(200);
    return body.id;
  };
  const join = async (conversation: ConversationId) =>
    (await addMember(agent, conversation, agent.user)).status;
  const [one, two] = [await begin(), await begin()];
  const read = async () => (await agent.request("GET", `/v1/conversations/${one}`)).status;
  expect([await read(), await join(one)]).toEqual([403, 403]);
  await mine("PUT", `teams/claims/members/${agent.user}`);
  expect([await read(), await join(one)]).toEqual([200, 200]);
  await mine("DELETE", `teams/claims/members/${agent.user}`);
  expect(await join(two)).toBe(403);
});
